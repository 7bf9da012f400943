-- How many messages each queue holds, by kind, when it was last looked at; where workers take jobs from their table,
-- how many are due now, those that wait for a limit on how many may run included. A row is not a stuck item: the point
-- queue_depth takes those that are over its limit.
with oldest_messages as (
    select
        queue_name,
        kind,
        min(enqueued_at) as oldest_message_at
    from {{ ref('int_current_messages') }}
    group by queue_name, kind
),

due_jobs as (
    select
        queue_name,
        count(*) as depth,
        min(coalesce(ready_since, created_at)) as oldest_due_at
    from {{ ref('stg_jobs') }}
    where is_polled and status = 'queued' and coalesce(waits_for = 'limit', true)
    group by queue_name
)

select
    snapshots.queue_name,
    snapshots.kind,
    snapshots.depth,
    oldest_messages.oldest_message_at,
    snapshots.observed_at,
    snapshots.complete,
    snapshots.error
from {{ ref('int_current_snapshots') }} as snapshots
left join oldest_messages
    on
        snapshots.queue_name = oldest_messages.queue_name
        and snapshots.kind = oldest_messages.kind
union all
select
    queue_name,
    'main' as kind,
    depth,
    oldest_due_at as oldest_message_at,
    {{ as_of() }} as observed_at,
    true as complete,
    null::text as error
from due_jobs
