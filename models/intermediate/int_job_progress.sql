-- How far each job's executions have come, for whoever asks about a few jobs. Without a WITH clause, so that PostgreSQL
-- flattens it, and looks for a gap only in a job of which that is asked.
select
    jobs.job_id,
    exists(
        select 1 from {{ ref('stg_executions') }} as executions
        where executions.job_id = jobs.job_id
    ) as has_executions,
    exists(
        select 1
        from (
            select executions.status from {{ ref('stg_executions') }} as executions
            where executions.job_id = jobs.job_id
            offset 0 -- else all that is open anywhere may be read for each job
        ) as of_this_job
        where of_this_job.status in ('pending', 'running', 'retrying')
    ) as has_open_executions,
    exists(
        select 1 from {{ ref('int_execution_cells') }} as cells
        where cells.job_id = jobs.job_id and not cells.is_written
        offset 0
    ) as has_gaps
from {{ ref('stg_jobs') }} as jobs
