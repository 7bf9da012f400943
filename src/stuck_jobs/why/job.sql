select
    job_id::text as job_id,
    jobspec_id,
    status,
    queue_name,
    job_kind,
    waits_for,
    attempts,
    now() as read_at
from {schema}.stg_jobs
where job_id = %(key)s
limit 1
