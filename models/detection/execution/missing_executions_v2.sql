-- Work that a closed job asked for and that no execution accounts for, cell by cell: the insert failed, or the context
-- was cancelled, and nobody would ever know.
with due_jobs as (
    select
        job_id,
        jobspec_id,
        status,
        {{ closed_at() }} as closed_at
    from {{ ref('int_unsettled_jobs') }}
    where coalesce({{ closed_at() }} < {{ as_of() }} - {{ max_age('execution_missing') }}, true)
),

job_cells as (
    {{ job_cells('due_jobs', ['jobspec_id', 'status', 'closed_at']) | indent }}
),

counted as (
    select
        *,
        (
            select count(*) from unnest(cells) as cell
            where cell = any(written_cells)
        ) as actual_cells
    from job_cells
    offset 0 -- so that the cells are counted once per job, if anybody asks
),

findings as (
    select
        counted.*,
        gap.region,
        gap.model_id,
        gap.question_id,
        gap.cell is not null as is_gap
    from counted
    left join
        lateral unnest(counted.regions, counted.model_ids, counted.question_ids, counted.cells)
            as gap (region, model_id, question_id, cell)
        on gap.cell <> all(counted.written_cells)
    where gap.cell is not null or ({{ is_spec_unreadable() }})
),

missing as (
    select
        concat_ws(':', job_id, coalesce(region, ''), coalesce(model_id, ''), coalesce(question_id, '')) as entity_id,
        job_id::text as job_id,
        jobspec_id,
        status,
        closed_at,
        case
            when not is_gap then 'spec_unreadable'
            when region = any(written_regions) then 'not_written'
            else 'region_silent'
        end as cause,
        case
            when is_gap
                then concat('no execution of this cell, ', actual_cells, ' of ', cardinality(cells), ' are there')
            else 'the spec names no region'
        end as evidence,
        region,
        model_id,
        question_id,
        case when is_gap then cardinality(cells)::bigint end as expected_executions,
        case when is_gap then actual_cells else cardinality(written_regions)::bigint end as actual_executions
    from findings
    {% if not execute or not is_left_out('stg_execution_gaps') %}
    union all
    select
        execution_id::text as entity_id,
        job_id::text as job_id,
        jobspec_id,
        status,
        closed_at,
        cause,
        concat(
            'it is not there, or nothing was decided about it',
            ', ' || actual_executions || ' of ' || expected_executions || ' are there'
        ) as evidence,
        null::text as region,
        job_kind as model_id,
        part as question_id,
        expected_executions,
        actual_executions
    from {{ ref('stg_execution_gaps') }}
    where coalesce(closed_at < {{ as_of() }} - {{ max_age('execution_missing') }}, true)
    {% endif %}
)

select
    'execution_missing' as accumulation_point,
    'missing_execution' as entity_type,
    entity_id,
    jobspec_id,
    status,
    closed_at as stuck_since,
    {{ seconds_since('closed_at') }} as age_seconds,
    extract(epoch from {{ max_age('execution_missing') }})::bigint as threshold_seconds,
    cause,
    null::text as queue_name,
    model_id as job_kind,
    evidence,
    job_id,
    region,
    model_id,
    question_id,
    expected_executions,
    actual_executions
from missing
where 'execution_missing' in {{ enabled_points() }}
