-- The analysis's own query for jobs stuck in "running", kept for comparison with stale_jobs.
{{ config(enabled=is_system('pipeline')) }}

select
    jobspec_id,
    started_at,
    now() - started_at as age
from {{ source('pipeline', 'jobs') }}
where
    status = 'running'
    and started_at < now() - interval '30 minutes'
