-- Each cell that a job's spec asks for, with whether an execution was ever written for it. Rows of retries do not count
-- twice, so that a duplicate cannot hide a gap. Job by job, so that the executions of each are read once, and without a
-- WITH clause, so that PostgreSQL flattens it into what asks.
select
    jobs.job_id,
    cell.region,
    cell.model_id,
    cell.question_id,
    cell.is_written,
    cell.is_finished
from {{ ref('stg_jobs') }} as jobs
cross join lateral (
    select
        expected.region,
        expected.model_id,
        expected.question_id,
        count(written.router_region) > 0 as is_written,
        count(written.status) filter (where written.status in {{ finished_statuses() }}) > 0 as is_finished
    from (
        select * from {{ ref('int_expected_executions') }} as cells
        where cells.job_id = jobs.job_id
        offset 0
    ) as expected
    left join (
        select * from {{ ref('stg_executions') }} as executions
        where executions.job_id = jobs.job_id
        offset 0
    ) as written
        on
            expected.region = written.router_region
            and (expected.model_id is null or expected.model_id = written.model_id)
            and (expected.question_id is null or expected.question_id = written.question_id)
    group by expected.region, expected.model_id, expected.question_id
    offset 0
) as cell
