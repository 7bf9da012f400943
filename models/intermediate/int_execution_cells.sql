-- Each cell that a job's spec asks for, with whether an execution was ever written for it. Rows of retries do not count
-- twice, so that a duplicate cannot hide a gap. Job by job, so that the executions of each are read once.
with jobs as (
    select * from {{ ref('stg_jobs') }}
),

expected_executions as not materialized (
    select * from {{ ref('int_expected_executions') }}
),

executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

judged as (
    select
        jobs.job_id,
        cell.*
    from jobs
    cross join lateral (
        select
            expected.region,
            expected.model_id,
            expected.question_id,
            count(written.router_region) > 0 as is_written,
            count(written.status) filter (where written.status in {{ finished_statuses() }}) > 0 as is_finished
        from (
            select * from expected_executions
            where expected_executions.job_id = jobs.job_id
            offset 0
        ) as expected
        left join (
            select * from executions
            where executions.job_id = jobs.job_id
            offset 0
        ) as written
            on {{ fills_cell('written', 'expected') }}
        group by expected.region, expected.model_id, expected.question_id
        offset 0
    ) as cell
)

select
    job_id,
    region,
    model_id,
    question_id,
    is_written,
    is_finished,
    count(*) over (partition by job_id) as expected_executions,
    count(*) filter (where is_written) over (partition by job_id) as written_executions
from judged
