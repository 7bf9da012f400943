-- The closed jobs whose completeness is not settled: known gaps, which may have been filled, and what was closed since
-- the history was judged. All others are complete. Each is looked up once and by its key, however many the planner
-- believes there are.
with unjudged as (
    {{ unjudged_ids(ref('int_known_gaps')) | indent }}
),

known_gaps as (
    select * from {{ ref('int_known_gaps') }}
    where job_id is not null
),

candidates as (
    select
        job_id,
        null::bigint as executions,
        null::bigint as gaps,
        null::boolean as is_interrupted
    from unjudged
    union all
    select
        job_id,
        executions,
        gaps,
        is_interrupted
    from known_gaps
),

-- of a known gap that has changed there are two
unsettled as (
    select
        job_id,
        case when count(*) = 1 then max(executions) end as judged_executions,
        max(gaps) as judged_gaps,
        bool_or(is_interrupted) as was_interrupted
    from candidates
    group by job_id
)

select
    jobs.*,
    unsettled.judged_executions,
    unsettled.judged_gaps,
    unsettled.was_interrupted
from unsettled
cross join
    lateral (
        select * from {{ ref('stg_jobs') }} as stg_jobs
        where stg_jobs.job_id = unsettled.job_id
        offset 0
    ) as jobs
where
    jobs.status in ('completed', 'failed')
    and exists (select 1 from {{ ref('stg_judgment_basis') }})
    and (jobs.created_at < {{ complete_since() }}) is not true
