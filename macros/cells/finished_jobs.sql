{% macro finished_jobs() -%}
    select
        live_jobs.job_id,
        live_jobs.jobspec_id,
        live_jobs.status,
        work.executions,
        work.last_execution_at
    from {{ ref('int_live_jobs') }} as live_jobs
    cross join lateral (
        select
            count(*) as executions,
            max(coalesce(executions.completed_at, executions.started_at, executions.created_at)) as last_execution_at
        from {{ ref('stg_executions') }} as executions
        where executions.job_id = live_jobs.job_id
        having
            bool_and(coalesce(executions.status in {{ stuck_jobs.finished_statuses() }}, false))
            and max(coalesce(executions.completed_at, executions.started_at, executions.created_at))
            < {{ as_of() }} - {{ stuck_jobs.max_age('job_not_closed') }}
    ) as work
    -- in an incident most have none, which is soon seen
    where exists (
        select 1 from {{ ref('stg_executions') }} as executions
        where executions.job_id = live_jobs.job_id
        offset 0
    )
{%- endmacro %}
