-- The analysis's own query for jobs stuck in "created", kept for comparison with stale_jobs.
{{ config(enabled=is_system('pipeline')) }}

select
    jobspec_id,
    created_at,
    now() - created_at as age
from {{ source('pipeline', 'jobs') }}
where
    status = 'created'
    and created_at < now() - interval '5 minutes'
order by created_at asc
