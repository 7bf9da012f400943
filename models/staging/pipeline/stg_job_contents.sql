-- What must be unchanged of a job when somebody acts on it: all of it that staging reads, since no more may be read.
{{ config(enabled=is_system('pipeline')) }}

select
    jobs.job_id,
    jobs::text as content
from {{ ref('stg_jobs') }} as jobs
