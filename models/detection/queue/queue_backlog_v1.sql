-- Messages that nobody consumes: too long in the main queue, or due in the retry set and not moved.
with messages as (
    select * from {{ ref('int_current_messages') }}
),

locks as (
    select * from {{ ref('int_current_locks') }}
),

stuck as (
    select
        messages.*,
        'queue_backlog' as accumulation_point,
        enqueued_at as stuck_since,
        {{ max_age('queue_backlog') }} as max_age
    from messages
    where kind = 'main' and enqueued_at < {{ as_of() }} - {{ max_age('queue_backlog') }}
    union all
    select
        messages.*,
        'queue_retry_overdue' as accumulation_point,
        due_at as stuck_since,
        {{ max_age('queue_retry_overdue') }} as max_age
    from messages
    where kind = 'retry' and due_at < {{ as_of() }} - {{ max_age('queue_retry_overdue') }}
)

select
    accumulation_point,
    'message' as entity_type,
    {{ message_entity_id() }} as entity_id,
    jobspec_id,
    kind as status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    extract(epoch from max_age)::bigint as threshold_seconds,
    case
        when exists (select 1 from locks) then 'consumer_lag'
        else 'no_active_worker'
    end as cause,
    queue_name,
    null::text as job_kind,
    {{ longer_than("case kind when 'main' then 'waits since' else 'due' end", 'stuck_since', 'max_age') }} as evidence,
    position,
    attempts,
    enqueued_at,
    due_at
from stuck
where accumulation_point in {{ enabled_points() }}
