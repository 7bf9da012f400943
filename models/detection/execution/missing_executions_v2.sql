-- Work that a closed job asked for and that no execution accounts for, cell by cell: the insert failed, or the context
-- was cancelled, and nobody would ever know.
with unsettled_jobs as (
    select * from {{ ref('int_unsettled_jobs') }}
),

closed_jobs as (
    select
        *,
        {{ closed_at() }} as closed_at
    from unsettled_jobs
),

due_jobs as (
    select * from closed_jobs
    where closed_at is null or closed_at < {{ as_of() }} - {{ max_age('execution_missing') }}
),

job_cells as (
    {{ job_cells('due_jobs', ['jobspec_id', 'status', 'closed_at']) | indent }}
),

findings as (
    select
        job_cells.job_id,
        job_cells.jobspec_id,
        job_cells.status,
        job_cells.closed_at,
        gap.region,
        gap.model_id,
        gap.question_id,
        cardinality(job_cells.cells) as expected_executions,
        cardinality(job_cells.cells) - gap.missing_executions as actual_executions,
        case when gap.region = any(job_cells.written_regions) then 'not_written' else 'region_silent' end as cause
    from job_cells
    cross join
        lateral (
            select
                cells.region,
                cells.model_id,
                cells.question_id,
                count(*) over () as missing_executions
            from
                unnest(job_cells.regions, job_cells.model_ids, job_cells.question_ids, job_cells.cells)
                    as cells (region, model_id, question_id, cell)
            where cells.cell <> all(job_cells.written_cells)
            offset 0
        ) as gap
    union all
    select
        job_id,
        jobspec_id,
        status,
        closed_at,
        null as region,
        null as model_id,
        null as question_id,
        null as expected_executions,
        cardinality(written_regions) as actual_executions,
        'spec_unreadable' as cause
    from job_cells
    where {{ is_spec_unreadable() }}
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
    expected_executions::bigint as expected_executions,
    actual_executions::bigint as actual_executions
from findings
where 'execution_missing' in {{ enabled_points() }}
