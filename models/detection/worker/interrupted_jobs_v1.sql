-- Jobs that were cut off half-way, by the timeout of their context or with their worker: some regions are whole, others
-- have gaps.
with jobs as not materialized (
    select * from {{ ref('stg_jobs') }}
),

executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

execution_cells as (
    select * from {{ ref('int_execution_cells') }}
),

unsettled_jobs as (
    select * from {{ ref('int_unsettled_jobs') }}
),

overdue_jobs as (
    select * from jobs
    where status = 'processing' and updated_at < {{ as_of() }} - {{ max_age('job_interrupted') }}
),

failed_jobs as (
    select
        unsettled_jobs.*,
        {{ closed_at() }} as closed_at
    from unsettled_jobs
    where status = 'failed'
),

candidates as (
    select
        job_id,
        jobspec_id,
        status,
        updated_at as interrupted_at,
        'context_timeout' as cause
    from overdue_jobs
    union all
    select
        job_id,
        jobspec_id,
        status,
        closed_at as interrupted_at,
        case
            when closed_at - {{ max_age('job_interrupted') }} >= coalesce(started_at, created_at)
                then 'context_timeout'
            else 'context_cancelled'
        end as cause
    from failed_jobs
    where closed_at is null or closed_at < {{ as_of() }} - {{ max_age('execution_missing') }}
),

-- most that is overdue has not begun, and need not be judged cell by cell
begun as (
    select candidates.*
    from candidates
    cross join lateral (
        select 1 from executions
        where executions.job_id = candidates.job_id
        limit 1
    ) as any_execution
),

judged as (
    select
        begun.*,
        progress.regions_complete,
        progress.regions_incomplete
    from begun
    cross join lateral (
        select
            count(*) filter (where regions.is_complete) as regions_complete,
            count(*) filter (where not regions.is_complete) as regions_incomplete
        from (
            select bool_and(cells.is_written) as is_complete
            from execution_cells as cells
            where cells.job_id = begun.job_id
            group by cells.region
        ) as regions
    ) as progress
),

interrupted as (
    select
        judged.*,
        {{ believable('interrupted_at') }} as stuck_since
    from judged
    where regions_complete > 0 and regions_incomplete > 0
)

select
    'job_interrupted' as accumulation_point,
    'job' as entity_type,
    job_id::text as entity_id,
    jobspec_id,
    status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    extract(epoch from {{ max_age('job_interrupted') }})::bigint as threshold_seconds,
    cause,
    job_id::bigint as job_id,
    regions_complete,
    regions_incomplete
from interrupted
where 'job_interrupted' in {{ enabled_points() }}
