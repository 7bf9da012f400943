-- The analysis's own query for executions stuck in "running", kept for comparison with stuck_executions.
{{ config(enabled=is_system('pipeline')) }}

select
    id,
    job_id,
    region,
    model_id,
    status,
    started_at,
    now() - started_at as age
from {{ source('pipeline', 'executions') }}
where
    status = 'running'
    and started_at < now() - interval '15 minutes'
order by started_at asc
