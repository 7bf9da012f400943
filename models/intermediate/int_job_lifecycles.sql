-- The jobs that moved within the look-back of the analytics, with when their work began and ended.
{% set source_jobs = source_table('jobs') %}

with jobs as (
    select * from {{ ref('stg_jobs') }}
),

executions as (
    select * from {{ ref('stg_executions') }}
),

recent_jobs as (
    select
        jobs.*,
        coalesce(status in ('completed', 'failed', 'cancelled'), false) as is_closed
    from jobs
    where source_updated_at >= {{ source_instant(source_jobs, 'updated_at', analysed_since()) }}
)

select
    recent_jobs.job_id,
    recent_jobs.jobspec_id,
    recent_jobs.status,
    recent_jobs.is_closed,
    recent_jobs.created_at,
    recent_jobs.updated_at,
    case when recent_jobs.is_closed then {{ closed_at() }} end as closed_at,
    coalesce(recent_jobs.started_at, work.first_started_at) as work_began_at,
    work.last_ended_at as work_ended_at
from recent_jobs
cross join lateral (
    select
        min(coalesce(executions.started_at, executions.created_at)) as first_started_at,
        max(executions.completed_at) as last_ended_at
    from executions
    where executions.job_id = recent_jobs.job_id
    offset 0
) as work
