-- Whether the pipeline as a whole has fallen silent: work is live and nothing is written any more, as when the workers
-- are dead or have lost the database.
{% set jobs = source_table('jobs') %}
{% set executions = source_table('executions') %}

with live_jobs as (
    select * from {{ ref('int_live_jobs') }}
),

stg_jobs as not materialized (
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
        greatest(
            max(started_at) filter (where started_at <= {{ latest_plausible() }}),
            max(completed_at) filter (where completed_at <= {{ latest_plausible() }})
        ) as written_at
    from newest_executions
),

writes as (
    select
        least(
            greatest(
                (select {{ source_timestamp(jobs, 'created_at') }} from last_job),
                (select {{ source_timestamp(jobs, 'updated_at') }} from last_status_write),
                (select {{ source_timestamp(executions, 'created_at') }} from last_execution_start),
                (select last_execution_write.written_at from last_execution_write)
            ),
            {{ as_of() }}
        ) as last_write_at
),

-- the id, which the index on status and created_at lacks: else the whole of that index is read
stalled as (
    select
        last_write_at,
        (select count(live_jobs.job_id) from live_jobs) as live_jobs
    from writes
    where last_write_at < {{ as_of() }} - {{ max_age('pipeline_stalled') }}
    offset 0 -- so that the live jobs are counted only then
)

select
    'pipeline_stalled' as accumulation_point,
    'pipeline' as entity_type,
    'pipeline' as entity_id,
    null::text as jobspec_id,
    'stalled' as status,
    last_write_at as stuck_since,
    {{ seconds_since('last_write_at') }} as age_seconds,
    extract(epoch from {{ max_age('pipeline_stalled') }})::bigint as threshold_seconds,
    'nothing_written' as cause,
    live_jobs,
    last_write_at
from stalled
where live_jobs > 0 and 'pipeline_stalled' in {{ enabled_points() }}
