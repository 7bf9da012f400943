-- Messages and jobs that were given up. Each is lost work until somebody looks at why and requeues it or lets it go.
{% set gives_up_jobs = not execute or not is_left_out('stg_given_up') %}

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
),

dead_messages as (
    select
        accumulation_point,
        'message' as entity_type,
        {{ message_entity_id() }} as entity_id,
        jobspec_id,
        kind as status,
        stuck_since,
        case
            when not parsed then 'unparsable'
            when attempts >= max_attempts then 'retries_exhausted'
            when attempts < max_attempts then 'permanent_failure'
            else 'unknown'
        end as cause,
        queue_name,
        null::text as job_kind,
        concat('given up after ', coalesce(attempts::text, 'unknown'), ' attempts, pushed ', {{ ago('stuck_since') }})
            as evidence,
        position,
        attempts,
        max_attempts,
        error,
        job_status,
        requeue_is_safe
    from dead
),

{% if gives_up_jobs %}
dead_jobs as (
    select
        'queue_dead_letter' as accumulation_point,
        'job' as entity_type,
        job_id::text as entity_id,
        jobspec_id,
        status,
        {{ believable('given_up_at') }} as stuck_since,
        cause,
        queue_name,
        job_kind,
        concat(
            'given up ', {{ ago('given_up_at') }}, ' after ' || attempts || ' attempts', ': ' || error
        ) as evidence,
        null::bigint as position,
        attempts,
        max_attempts,
        error,
        status as job_status,
        null::boolean as requeue_is_safe
    from {{ ref('stg_given_up') }}
    where kind = 'dead'
),
{% endif %}

letters as (
    select * from dead_messages
    {% if gives_up_jobs %}
    union all
    select * from dead_jobs
    {% endif %}
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    0::bigint as threshold_seconds,
    cause,
    queue_name,
    job_kind,
    evidence,
    position,
    attempts,
    max_attempts,
    error,
    job_status,
    requeue_is_safe
from letters
where accumulation_point in {{ enabled_points() }}
