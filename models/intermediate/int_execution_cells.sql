-- Each cell that a job's spec asks for, with whether an execution was ever written for it. Rows of retries do not count
-- twice, so that a duplicate cannot hide a gap.
with expected_executions as not materialized (
    select * from {{ ref('int_expected_executions') }}
),

executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

judged as (
    select
        expected.job_id,
        expected.region,
        expected.model_id,
        expected.question_id,
        exists(
            select 1 from executions
            where
                executions.job_id = expected.job_id
                and executions.router_region = expected.region
                and (executions.model_id = expected.model_id or expected.model_id is null)
                and (executions.question_id = expected.question_id or expected.question_id is null)
        ) as is_written,
        exists(
            select 1 from executions
            where
                executions.job_id = expected.job_id
                and executions.router_region = expected.region
                and (executions.model_id = expected.model_id or expected.model_id is null)
                and (executions.question_id = expected.question_id or expected.question_id is null)
                and executions.status in {{ finished_statuses() }}
        ) as is_finished
    from expected_executions as expected
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
