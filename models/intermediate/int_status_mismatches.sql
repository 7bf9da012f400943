-- Jobs that the portal shows wrongly: live though all of their work has ended, or closed though some of it has not. And
-- whether more of them may be than were judged, so that who counts them need not look for them a second time.
{% set most = var('judged_live_jobs') | int %}

with executions as not materialized (
    select
        job_id,
        status,
        completed_at,
        coalesce(started_at, created_at) as began_at,
        status in ('pending', 'running') as is_open,
        coalesce(status in {{ finished_statuses() }}, false) as is_finished
    from {{ ref('stg_executions') }}
),

-- job by job, so that it ends where it must: each spec is opened, and in an incident all jobs may be here
finished as (
    {{ finished_jobs() | indent }}
    limit {{ most + 1 }}
),

judgeable as (
    select * from finished
    limit {{ most }}
),

job_cells as (
    {{ job_cells('judgeable', ['jobspec_id', 'status', 'executions', 'last_execution_at']) | indent }}
),

-- a spec that asks for nothing is not done; that there are too few executions spares most jobs the last condition
not_closed as (
    select
        'job_not_closed' as accumulation_point,
        job_id,
        jobspec_id,
        status,
        last_execution_at as stuck_since,
        {{ max_age('job_not_closed') }} as max_age,
        'final_write_failed' as cause,
        0::bigint as executions_open,
        executions as executions_finished,
        last_execution_at
    from job_cells
    where cardinality(cells) between 1 and executions and cells <@ written_cells
),

closed_jobs as (
    select
        job_id,
        jobspec_id,
        status,
        {{ closed_at() }} as closed_at
    from (
        select * from {{ ref('stg_jobs') }}
        where
            job_id = any(array(
                select executions.job_id from executions
                where executions.status in ('pending', 'running')
            ))
        offset 0
    ) as jobs_of_open_executions
    where status in ('completed', 'failed')
),

closed_early as (
    select
        'job_closed_early' as accumulation_point,
        closed_jobs.job_id,
        closed_jobs.jobspec_id,
        closed_jobs.status,
        greatest(closed_jobs.closed_at, ends.open_since) as stuck_since,
        {{ max_age('job_closed_early') }} as max_age,
        'execution_open' as cause,
        ends.executions_open,
        ends.executions_finished,
        ends.last_execution_at
    from closed_jobs
    cross join lateral (
        select
            count(*) filter (where is_open) as executions_open,
            count(*) filter (where is_finished) as executions_finished,
            min(began_at) filter (where is_open and began_at <= {{ latest_plausible() }}) as open_since,
            max(coalesce(completed_at, began_at)) as last_execution_at
        from executions
        where executions.job_id = closed_jobs.job_id
    ) as ends
),

mismatches as (
    select * from not_closed
    union all
    select * from closed_early
    where coalesce(stuck_since < {{ as_of() }} - max_age, true)
)

select
    accumulation_point,
    'job' as entity_type,
    job_id::text as entity_id,
    jobspec_id,
    status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    extract(epoch from max_age)::bigint as threshold_seconds,
    cause,
    null::text as queue_name,
    null::text as job_kind,
    concat(
        executions_open, ' executions are open, ', executions_finished, ' have ended, the last of them ',
        {{ ago('last_execution_at') }}
    ) as evidence,
    job_id::text as job_id,
    status as job_status,
    executions_open,
    executions_finished,
    last_execution_at,
    false as is_beyond
from mismatches
where accumulation_point in {{ enabled_points() }}
union all
{{ beyond('job_not_closed', {
    'job_id': 'text',
    'job_status': 'text',
    'executions_open': 'bigint',
    'executions_finished': 'bigint',
    'last_execution_at': 'timestamptz',
}) }}
where
    'job_not_closed' in {{ enabled_points() }}
    and exists (select 1 from finished offset {{ most }})
