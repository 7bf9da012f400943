-- How many executions are missing, and how many jobs were cut off half-way, without a list of them: what a run has
-- found of a closed job is true as long as it has as many executions, and nothing of it needs to be opened again.
{% set most = var('judged_live_jobs') | int %}

with due_jobs as (
    select
        job_id,
        status,
        {{ closed_at() }} as closed_at,
        judged_gaps,
        was_interrupted,
        coalesce(judged_executions = (
            select count(*) from {{ ref('stg_executions') }} as executions
            where executions.job_id = unsettled_jobs.job_id
        ), false) as is_judged
    from {{ ref('int_unsettled_jobs') }} as unsettled_jobs
    where coalesce({{ closed_at() }} < {{ as_of() }} - {{ max_age('execution_missing') }}, true)
    offset 0 -- so that executions are counted once per job
),

overdue_jobs as (
    {{ overdue_jobs() | indent }}
    limit {{ most + 1 }}
),

-- each spec is opened
candidates as (
    select
        job_id,
        status,
        closed_at as ended_at
    from due_jobs
    where not is_judged
    union all
    (
        select
            job_id,
            status,
            updated_at as ended_at
        from overdue_jobs
        limit {{ most }}
    )
),

job_cells as (
    {{ job_cells('candidates', ['status', 'ended_at']) | indent }}
),

judged as (
    select
        job_cells.status,
        job_cells.ended_at,
        progress.gaps,
        progress.is_interrupted
    from job_cells
    cross join lateral ({{ region_progress() | indent }}) as progress
    union all
    select
        status,
        closed_at as ended_at,
        judged_gaps as gaps,
        was_interrupted as is_interrupted
    from due_jobs
    where is_judged
)

select
    'execution_missing' as accumulation_point,
    sum(gaps)::bigint as items,
    min(ended_at) as oldest_stuck_since
from judged
where gaps > 0 and status in ('completed', 'failed')
having count(*) > 0
union all
select
    'job_interrupted' as accumulation_point,
    count(*) as items,
    min({{ believable('ended_at') }}) as oldest_stuck_since
from judged
where is_interrupted and status in ('failed', 'processing')
having count(*) > 0
union all
select
    'job_interrupted' as accumulation_point,
    null::bigint as items,
    null::timestamptz as oldest_stuck_since
where exists (select 1 from overdue_jobs offset {{ most }})
