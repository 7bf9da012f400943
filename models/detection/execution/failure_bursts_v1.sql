-- Kinds of job that fail often and much of late: something that all of them need is broken, and retries make it worse.
with failing as (
    select * from {{ ref('int_failing_executions') }}
    where accumulation_point = 'failure_burst'
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    stuck_since,
    age_seconds,
    threshold_seconds,
    cause,
    queue_name,
    job_kind,
    evidence,
    executions,
    failures,
    failure_rate,
    failed_since,
    last_failed_at
from failing
