-- The closed jobs whose completeness is not settled: known gaps, which may have been filled, and what was closed since
-- the history was judged. All others are complete. An array behind a fence, so that each job is looked up once and by
-- its key, however many the planner believes there are.
with unsettled as (
    {{ unsettled_ids(ref('int_known_gaps')) | indent }}
)

select * from (
    select * from {{ ref('stg_jobs') }}
    where job_id = any(array(select unsettled.job_id from unsettled))
    offset 0
) as unsettled_jobs
where
    status in ('completed', 'failed')
    and exists (select 1 from {{ ref('stg_judgment_basis') }})
    and (created_at < {{ complete_since() }}) is not true
