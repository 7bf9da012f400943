-- Messages that were given up. Each is lost work until somebody looks at why and requeues it or lets it go.
with messages as (
    select * from {{ ref('int_current_messages') }}
),

jobs as (
    select * from {{ ref('stg_jobs') }}
),

evidence as (
    select * from {{ ref('int_snapshot_evidence') }}
),

queued_jobs as (
    select distinct jobspec_id from messages
    where kind in ('main', 'retry') and jobspec_id is not null
),

dead as (
    select
        messages.*,
        'queue_dead_letter' as accumulation_point,
        jobs.status as job_status,
        {{ believable('messages.enqueued_at') }} as stuck_since,
        evidence.is_complete
        and queued_jobs.jobspec_id is null
        and jobs.job_id is not null
        and coalesce(jobs.status not in ('completed', 'cancelled'), true) as requeue_is_safe
    from messages
    cross join evidence
    left join jobs on messages.jobspec_id = jobs.jobspec_id
    left join queued_jobs on messages.jobspec_id = queued_jobs.jobspec_id
    where messages.kind = 'dead'
)

select
    accumulation_point,
    'message' as entity_type,
    {{ message_entity_id() }} as entity_id,
    jobspec_id,
    kind as status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    0::bigint as threshold_seconds,
    case
        when not parsed then 'unparsable'
        when attempts >= max_attempts then 'retries_exhausted'
        when attempts < max_attempts then 'permanent_failure'
        else 'unknown'
    end as cause,
    queue_name,
    position,
    attempts,
    max_attempts,
    error,
    job_status,
    requeue_is_safe
from dead
where accumulation_point in {{ enabled_points() }}
