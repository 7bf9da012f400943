-- Each live job with the rule that judges its status, the clock that the rule reads and the age that it allows.
with live_jobs as (
    select * from {{ ref('int_live_jobs') }}
),

ruled as (
    select
        live_jobs.*,
        case
            when status = 'created' then 'job_created'
            when status = 'queued' then 'job_queued'
            when status = 'processing' then 'job_processing'
            when status = 'running' and started_at is null then 'job_running_unstarted'
            when status = 'running' then 'job_running'
            else 'job_unevaluable'
        end as rule
    from live_jobs
    where waits_for is null
    offset 0 -- so that the rule is found once per job, and not once per use
)

select
    job_id,
    jobspec_id,
    status,
    created_at,
    updated_at,
    started_at,
    queue_name,
    job_kind,
    attempts,
    is_polled,
    rule,
    case rule
        when 'job_created' then coalesce(ready_since, created_at)
        when 'job_queued' then coalesce(ready_since, created_at)
        when 'job_running' then started_at
        when 'job_running_unstarted' then coalesce(updated_at, created_at)
        else updated_at
    end as clock,
    case rule
        when 'job_created' then {{ max_age('job_created') }}
        when 'job_queued' then {{ max_age('job_queued') }}
        when 'job_processing' then {{ max_age('job_processing') }}
        when 'job_running' then {{ max_age('job_running') }}
        when 'job_running_unstarted' then {{ max_age('job_running_unstarted') }}
        else {{ max_age('job_unevaluable') }}
    end as max_age
from ruled
