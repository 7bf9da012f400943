-- The main queues that are longer than their limit, as stuck items; queue_depths itself lists every queue.
with queue_depths as (
    select * from {{ ref('queue_depths') }}
),

evidence as (
    select * from {{ ref('int_snapshot_evidence') }}
),

locks as (
    select * from {{ ref('int_current_locks') }}
),

overfull as (
    select
        queue_depths.*,
        coalesce({{ believable('queue_depths.oldest_message_at') }}, queue_depths.observed_at) as stuck_since
    from queue_depths
    cross join evidence
    where
        evidence.is_usable
        and queue_depths.kind = 'main'
        and queue_depths.depth > {{ limit('queue_depth', 'max_depth') }}
)

select
    'queue_depth' as accumulation_point,
    'queue' as entity_type,
    queue_name as entity_id,
    null::text as jobspec_id,
    kind as status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    0::bigint as threshold_seconds,
    case
        when exists (select 1 from locks) then 'consumer_lag'
        else 'no_active_worker'
    end as cause
from overfull
where 'queue_depth' in {{ enabled_points() }}
