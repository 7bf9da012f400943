-- The analysis's own query for executions that were never written, kept for comparison with missing_executions v1.
-- A spec in which one of the three is not an array makes it fail, or go unseen.
{{ config(enabled=is_system('pipeline')) }}

select
    jobs.jobspec_id,
    jobs.status,
    count(executions.id) as actual_executions,
    (
        select count(*) from jsonb_array_elements(jobs.jobspec_data -> 'constraints' -> 'regions')
    )
    * (
        select count(*) from jsonb_array_elements(jobs.jobspec_data -> 'metadata' -> 'models')
    )
    * (
        select count(*) from jsonb_array_elements(jobs.jobspec_data -> 'questions')
    ) as expected_executions
from {{ source('pipeline', 'jobs') }} as jobs
left join {{ source('pipeline', 'executions') }} as executions on jobs.id = executions.job_id
where jobs.status in ('completed', 'failed')
group by jobs.id, jobs.jobspec_id, jobs.jobspec_data
having
    count(executions.id) < (
        (
            select count(*) from jsonb_array_elements(jobs.jobspec_data -> 'constraints' -> 'regions')
        )
        * (
            select count(*) from jsonb_array_elements(jobs.jobspec_data -> 'metadata' -> 'models')
        )
        * (
            select count(*) from jsonb_array_elements(jobs.jobspec_data -> 'questions')
        )
    )
