-- Jobs that the portal shows wrongly: live though all of their work has ended, or closed though some of it has not.
with live_jobs as (
    select * from {{ ref('int_live_jobs') }}
),

jobs as (
    select * from {{ ref('stg_jobs') }}
),

executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

expected_executions as not materialized (
    select * from {{ ref('int_expected_executions') }}
),

unwritten_cells as not materialized (
    select * from {{ ref('int_unwritten_cells') }}
),

jobs_of_open_executions as (
    select distinct job_id from executions
    where status in ('pending', 'running')
),

closed_jobs as (
    select job.*
    from jobs_of_open_executions as open_executions
    cross join lateral (
        select * from jobs
        where jobs.job_id = open_executions.job_id and jobs.status in ('completed', 'failed')
        offset 0
    ) as job
),

candidates as (
    select
        'job_not_closed' as accumulation_point,
        job_id,
        jobspec_id,
        status,
        null as closed_at
    from live_jobs
    union all
    select
        'job_closed_early' as accumulation_point,
        job_id,
        jobspec_id,
        status,
        {{ closed_at() }} as closed_at
    from closed_jobs
),

executed as (
    select
        candidates.*,
        ends.executions,
        ends.executions_open,
        ends.executions_finished,
        ends.open_since,
        ends.last_execution_at
    from candidates
    cross join lateral (
        select
            count(*) as executions,
            count(*) filter (where is_open) as executions_open,
            count(*) filter (where is_finished) as executions_finished,
            min(began_at) filter (where is_open and began_at <= {{ latest_plausible() }}) as open_since,
            max(coalesce(completed_at, began_at)) as last_execution_at
        from (
            select
                executions.completed_at,
                coalesce(executions.started_at, executions.created_at) as began_at,
                executions.status in ('pending', 'running') as is_open,
                executions.status in {{ finished_statuses() }} as is_finished
            from executions
            where executions.job_id = candidates.job_id
        ) as job_executions
    ) as ends
),

finished as (
    select
        executed.*,
        last_execution_at as stuck_since,
        'final_write_failed' as cause
    from executed
    where
        accumulation_point = 'job_not_closed'
        and executions = executions_finished
        and last_execution_at < {{ as_of() }} - {{ max_age('job_not_closed') }}
),

-- a spec that asks for nothing is not done; CASE, since most jobs are ruled out by their first gap
not_closed as (
    select * from finished
    where
        case
            when
                not exists (
                    select 1 from unwritten_cells
                    where unwritten_cells.job_id = finished.job_id
                    offset 0
                )
                then exists (
                    select 1 from expected_executions
                    where expected_executions.job_id = finished.job_id
                    offset 0
                )
        end
),

closed_early as (
    select
        executed.*,
        greatest(closed_at, open_since) as stuck_since,
        'execution_open' as cause
    from executed
    where
        accumulation_point = 'job_closed_early'
        and coalesce(greatest(closed_at, open_since) < {{ as_of() }} - {{ max_age('job_closed_early') }}, true)
),

mismatches as (
    select * from not_closed
    union all
    select * from closed_early
)

select
    accumulation_point,
    'job' as entity_type,
    job_id::text as entity_id,
    jobspec_id,
    status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    extract(epoch from case accumulation_point
        when 'job_not_closed' then {{ max_age('job_not_closed') }}
        else {{ max_age('job_closed_early') }}
    end)::bigint as threshold_seconds,
    cause,
    job_id::bigint as job_id,
    status as job_status,
    executions_open,
    executions_finished,
    last_execution_at
from mismatches
where accumulation_point in {{ enabled_points() }}
