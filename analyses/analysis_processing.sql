-- The analysis's own query for jobs stuck in "processing", kept for comparison with stale_jobs.
{{ config(enabled=is_system('pipeline')) }}

select
    jobspec_id,
    updated_at,
    now() - updated_at as age
from {{ source('pipeline', 'jobs') }}
where
    status = 'processing'
    and updated_at < now() - interval '10 minutes'
order by updated_at asc
