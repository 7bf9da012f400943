-- The jobs that were closed within the look-back of the analytics, with when their work began and ended.
{% set jobs = source_table('jobs') %}

with jobs as (
    select * from {{ ref('stg_jobs') }}
),

executions as (
    select * from {{ ref('stg_executions') }}
),

closed_jobs as (
    select
        jobs.*,
        {{ closed_at() }} as closed_at
    from jobs
    where
        status in ('completed', 'failed', 'cancelled')
        and source_updated_at >= {{ source_instant(jobs, 'updated_at', analysed_since()) }}
)

select
    closed_jobs.job_id,
    closed_jobs.status,
    closed_jobs.created_at,
    closed_jobs.closed_at,
    coalesce(closed_jobs.started_at, work.first_started_at) as work_began_at,
    work.last_ended_at as work_ended_at
from closed_jobs
cross join lateral (
    select
        min(coalesce(executions.started_at, executions.created_at)) as first_started_at,
        max(executions.completed_at) as last_ended_at
    from executions
    where executions.job_id = closed_jobs.job_id
    offset 0
) as work
where closed_jobs.closed_at >= {{ analysed_since() }}
