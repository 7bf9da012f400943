-- Where the queue and the jobs table disagree: messages that would do work for no job, or the same work twice.
with messages as (
    select * from {{ ref('int_current_messages') }}
),

jobs as (
    select * from {{ ref('stg_jobs') }}
),

waiting as (
    select
        messages.*,
        {{ believable('enqueued_at') }} as stuck_since
    from messages
    where kind in ('main', 'retry') and jobspec_id is not null
),

orphans as (
    select
        waiting.*,
        'queue_orphan' as accumulation_point,
        case when jobs.job_id is null then 'job_missing' else 'job_closed' end as cause
    from waiting
    left join jobs on waiting.jobspec_id = jobs.jobspec_id
    where
        jobs.job_id is null
        or (
            jobs.status in ('completed', 'failed', 'cancelled')
            and coalesce(jobs.updated_at < waiting.observed_at, true)
        )
),

copies as (
    select
        waiting.*,
        row_number() over (partition by jobspec_id order by enqueued_at, queue_name, kind, position) as copy
    from waiting
),

duplicates as (
    select
        queue_name,
        kind,
        position,
        message_id,
        jobspec_id,
        attempts,
        max_attempts,
        enqueued_at,
        due_at,
        error,
        parsed,
        observed_at,
        stuck_since,
        'queue_duplicate' as accumulation_point,
        'queued_twice' as cause
    from copies
    where copy > 1
),

mismatches as (
    select * from orphans
    union all
    select * from duplicates
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
    cause,
    queue_name,
    null::text as job_kind,
    case cause
        when 'job_missing' then 'no job has the id that the message names'
        when 'job_closed' then 'the job that the message names is closed'
        else 'an earlier message names the same job'
    end as evidence,
    kind,
    position,
    enqueued_at
from mismatches
where accumulation_point in {{ enabled_points() }}
