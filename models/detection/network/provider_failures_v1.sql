-- Providers that fail a region: calls time out or start too cold, or are given up after their last retry.
with failing as (
    select * from {{ ref('int_failing_executions') }}
    where accumulation_point in ('provider_timeout', 'provider_retries_exhausted')
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
    provider_id,
    region,
    executions,
    failures,
    timeouts,
    failure_rate
from failing
