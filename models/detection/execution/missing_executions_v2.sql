-- Work that a closed job asked for and that no execution accounts for, cell by cell: the insert failed, or the context
-- was cancelled, and nobody would ever know.
with unsettled_jobs as (
    select * from {{ ref('int_unsettled_jobs') }}
),

executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

progress as (
    select * from {{ ref('int_job_progress') }}
),

execution_cells as (
    select * from {{ ref('int_execution_cells') }}
),

closed_jobs as (
    select
        job_id,
        jobspec_id,
        status,
        {{ closed_at() }} as closed_at
    from unsettled_jobs
),

due_jobs as (
    select * from closed_jobs
    where closed_at is null or closed_at < {{ as_of() }} - {{ max_age('execution_missing') }}
),

gaps as (
    select
        due_jobs.*,
        gap.*
    from due_jobs
    cross join lateral (
        select
            cells.region,
            cells.model_id,
            cells.question_id,
            cells.expected_executions,
            cells.written_executions as actual_executions,
            case
                when exists (
                    select 1 from executions
                    where executions.job_id = due_jobs.job_id and executions.router_region = cells.region
                ) then 'not_written'
                else 'region_silent'
            end as cause
        from execution_cells as cells
        where cells.job_id = due_jobs.job_id and not cells.is_written
        offset 0
    ) as gap
),

unreadable as (
    select
        due_jobs.*,
        null as region,
        null as model_id,
        null as question_id,
        null::bigint as expected_executions,
        (
            select count(*) from executions
            where executions.job_id = due_jobs.job_id
        ) as actual_executions,
        'spec_unreadable' as cause
    from due_jobs
    cross join
        lateral (
            select 1 from progress
            where progress.job_id = due_jobs.job_id and progress.is_spec_unreadable
            offset 0
        ) as unreadable_spec
    where due_jobs.status = 'completed'
),

findings as (
    select * from gaps
    union all
    select * from unreadable
)

select
    'execution_missing' as accumulation_point,
    'missing_execution' as entity_type,
    concat_ws(':', job_id, coalesce(region, ''), coalesce(model_id, ''), coalesce(question_id, '')) as entity_id,
    jobspec_id,
    status,
    closed_at as stuck_since,
    {{ seconds_since('closed_at') }} as age_seconds,
    extract(epoch from {{ max_age('execution_missing') }})::bigint as threshold_seconds,
    cause,
    job_id::bigint as job_id,
    region,
    model_id,
    question_id,
    expected_executions,
    actual_executions
from findings
where 'execution_missing' in {{ enabled_points() }}
