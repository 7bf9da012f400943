-- The analysis's own query for "running" jobs without a start, kept for comparison with stale_jobs.
{{ config(enabled=is_system('pipeline')) }}

select
    jobspec_id,
    created_at
from {{ source('pipeline', 'jobs') }}
where
    status = 'running'
    and started_at is null
