-- When the pipeline last wrote anything. A write is what leaves a date; each date is found through its index.
{{ config(enabled=is_system('pipeline')) }}
{% set jobs = source_table('jobs') %}
{% set executions = source_table('executions') %}

with stg_jobs as not materialized (
    select * from {{ ref('stg_jobs') }}
),

stg_executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

last_job as (
    select max(source_created_at) as created_at
    from stg_jobs
    where source_created_at <= {{ source_instant(jobs, 'created_at', latest_plausible()) }}
),

last_status_write as (
    select max(source_updated_at) as updated_at
    from stg_jobs
    where source_updated_at <= {{ source_instant(jobs, 'updated_at', latest_plausible()) }}
),

last_execution_start as (
    select max(source_created_at) as created_at
    from stg_executions
    where source_created_at <= {{ source_instant(executions, 'created_at', latest_plausible()) }}
),

-- a row is written when its call begins or ends, and nothing but its place tells which were written last
newest_executions as (
    select
        started_at,
        completed_at
    from stg_executions
    order by execution_id desc
    limit 1000
),

last_execution_write as (
    select
        max(started_at) filter (where started_at <= {{ latest_plausible() }}) as started_at,
        max(completed_at) filter (where completed_at <= {{ latest_plausible() }}) as completed_at
    from newest_executions
),

-- whoever submits a job writes as well, and no worker does until the job is in work
last_status_write_of_work as (
    select source_updated_at as updated_at
    from stg_jobs
    where
        status not in ('created', 'queued')
        and source_updated_at <= {{ source_instant(jobs, 'updated_at', latest_plausible()) }}
    order by source_updated_at desc
    limit 1
),

last_write as (
    select
        greatest(
            (select {{ source_timestamp(jobs, 'updated_at') }} from last_status_write_of_work),
            (select {{ source_timestamp(executions, 'created_at') }} from last_execution_start),
            (select last_execution_write.completed_at from last_execution_write)
        ) as worked_at,
        greatest(
            (select {{ source_timestamp(jobs, 'created_at') }} from last_job),
            (select {{ source_timestamp(jobs, 'updated_at') }} from last_status_write),
            (select {{ source_timestamp(executions, 'created_at') }} from last_execution_start),
            (select last_execution_write.started_at from last_execution_write),
            (select last_execution_write.completed_at from last_execution_write)
        ) as written_at
)

select
    case when written_at > {{ as_of() }} then {{ as_of() }} else written_at end as last_write_at,
    worked_at as last_work_at,
    true as running_jobs_write
from last_write
