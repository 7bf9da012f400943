-- Jobs that were recovered again and again: recovery hides what makes them stuck from whoever could put an end to it.
with recoveries as (
    select * from {{ ref('stg_recovery_log') }}
),

jobs as (
    select * from {{ ref('stg_jobs') }}
),

recent_recoveries as (
    select * from recoveries
    where
        recovered_at > {{ as_of() }} - {{ minutes(var('recovery_window_minutes')) }}
        and outcome = 'applied'
        and entity_type in ('job', 'message')
        and jobspec_id is not null
),

recovered as (
    select
        jobspec_id,
        count(*) filter (where remedy in {{ recoveries_anew() }}) as recoveries,
        bool_or(remedy = 'fail') as is_given_up,
        min(recovered_at) as first_recovered_at,
        max(recovered_at) as last_recovered_at
    from recent_recoveries
    group by jobspec_id
),

repeated as (
    select
        recovered.*,
        jobs.job_id,
        jobs.status,
        jobs.queue_name,
        jobs.job_kind,
        {{ believable('recovered.first_recovered_at') }} as stuck_since
    from recovered
    inner join jobs on recovered.jobspec_id = jobs.jobspec_id
    where
        recovered.recoveries >= {{ limit('job_recovered_repeatedly', 'min_recoveries') }}
        and coalesce(jobs.status not in ('completed', 'cancelled'), true)
),

found as (
    select
        job_id::text as job_id,
        jobspec_id,
        status,
        queue_name,
        job_kind,
        case when is_given_up then 'given_up' else 'stuck_again' end as cause,
        recoveries,
        first_recovered_at,
        last_recovered_at,
        stuck_since
    from repeated
    {% if not execute or not is_left_out('stg_recoveries') %}
    union all
    select
        job_id::text as job_id,
        jobspec_id,
        status,
        queue_name,
        job_kind,
        'recovered_by_system' as cause,
        recoveries,
        first_recovered_at,
        last_recovered_at,
        {{ believable('first_recovered_at') }} as stuck_since
    from {{ ref('stg_recoveries') }}
    where
        recoveries >= {{ limit('job_recovered_repeatedly', 'min_recoveries') }}
        and jobspec_id not in (select repeated.jobspec_id from repeated)
    {% endif %}
)

select
    'job_recovered_repeatedly' as accumulation_point,
    'job' as entity_type,
    job_id as entity_id,
    jobspec_id,
    status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    0::bigint as threshold_seconds,
    cause,
    queue_name,
    job_kind,
    concat('recovered ', recoveries, ' times, last ', {{ ago('last_recovered_at') }}) as evidence,
    job_id,
    recoveries,
    first_recovered_at,
    last_recovered_at
from found
where 'job_recovered_repeatedly' in {{ enabled_points() }}
