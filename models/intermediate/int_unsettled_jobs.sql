-- The closed jobs whose completeness is not settled: known gaps, which may have been filled, and what was closed since
-- the history was judged. All others are complete. An array behind a fence, so that each job is looked up once and by
-- its key, however many the planner believes there are.
with unjudged as (
    {{ unjudged_ids(ref('int_known_gaps')) | indent }}
),

-- not in, so that they are hashed whatever the planner believes
known_gaps as (
    select * from {{ ref('int_known_gaps') }}
    where job_id is not null and job_id not in (select unjudged.job_id from unjudged)
),

unsettled_jobs as (
    select * from {{ ref('stg_jobs') }}
    where
        job_id = any(array(
            select unjudged.job_id from unjudged
            union all
            select known_gaps.job_id from known_gaps
        ))
    offset 0
)

select
    unsettled_jobs.*,
    known_gaps.executions as judged_executions,
    known_gaps.gaps as judged_gaps,
    known_gaps.is_interrupted as was_interrupted
from unsettled_jobs
left join known_gaps on unsettled_jobs.job_id = known_gaps.job_id
where
    unsettled_jobs.status in ('completed', 'failed')
    and exists (select 1 from {{ ref('stg_judgment_basis') }})
    and (unsettled_jobs.created_at < {{ complete_since() }}) is not true
