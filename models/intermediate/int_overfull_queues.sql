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

held_jobs as (
    select * from {{ ref('int_heartbeats') }}
    where is_held
),

overfull as (
    select
        queue_depths.*,
        evidence.last_snapshot_id,
        evidence.listeners,
        coalesce({{ believable('queue_depths.oldest_message_at') }}, queue_depths.observed_at) as stuck_since
    from queue_depths
    cross join evidence
    where
        (evidence.is_usable or evidence.last_snapshot_id is null)
        and queue_depths.kind = 'main'
        and queue_depths.depth > {{ limit('queue_depth', 'max_depth') }}
)

select
    'queue_depth' as accumulation_point,
    'queue' as entity_type,
    coalesce(queue_name, '') as entity_id,
    null::text as jobspec_id,
    kind as status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    0::bigint as threshold_seconds,
    case
        when listeners > 0 or exists (select 1 from locks) or exists (select 1 from held_jobs) then 'consumer_lag'
        when last_snapshot_id is null then 'unknown'
        else 'no_active_worker'
    end as cause,
    queue_name,
    null::text as job_kind,
    concat(depth, ' are waiting, limit ', {{ limit('queue_depth', 'max_depth') }}) as evidence
from overfull
where 'queue_depth' in {{ enabled_points() }}
