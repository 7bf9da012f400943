-- The stuck jobs and executions that have a remedy, each with its job, and with what must be unchanged when somebody
-- acts on it. No item is kept on the way, so that who asks for one job has PostgreSQL look for its items alone.
with stuck_items as (
    select * from {{ ref('stuck_items') }}
    where
        remedy in ('republish', 'reset', 'timeout', 'close', 'fail', 'retry', 'requeue')
        and entity_type in ('job', 'execution')
),

jobs as not materialized (
    select * from {{ ref('stg_jobs') }}
),

live_jobs as (
    select * from {{ ref('int_live_jobs') }}
),

executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

job_contents as not materialized (
    select * from {{ ref('stg_job_contents') }}
),

execution_contents as not materialized (
    select * from {{ ref('stg_execution_contents') }}
),

-- what is live or open in one pass, since a system may have no index that finds one of these by its id
open_executions as (
    select
        execution_id,
        job_id
    from executions
    where {{ has_not_ended() }}
),

items as (
    select
        *,
        case when entity_type = 'job' then entity_id end::{{ source_key_type('jobs') }} as stuck_job_id,
        case when entity_type = 'execution' then entity_id end::{{ source_key_type('executions') }}
            as stuck_execution_id
    from stuck_items
),

-- by full joins, which PostgreSQL can hash but not loop through, however few items it expects; the coalesce at the end
-- keeps it from taking them for left joins, and asked for one job it makes left joins of them
located as (
    select
        items.*,
        open_executions.execution_id,
        coalesce(items.stuck_job_id, open_executions.job_id) as its_job_id
    from items
    full join open_executions on items.stuck_execution_id = open_executions.execution_id
),

with_jobs as (
    select
        located.*,
        coalesce(live_jobs.job_id, closed_job.job_id) as job_id,
        coalesce(live_jobs.status, closed_job.status) as job_status
    from located
    full join live_jobs on located.its_job_id = live_jobs.job_id
    left join lateral (
        {{ closed_job('located.its_job_id') | indent(8) }}
    ) as closed_job on true
    where coalesce(located.entity_type is not null, false)
)

select
    with_jobs.accumulation_point,
    with_jobs.entity_type,
    with_jobs.entity_id,
    with_jobs.jobspec_id,
    with_jobs.status,
    with_jobs.cause,
    with_jobs.queue_name,
    with_jobs.job_kind,
    with_jobs.evidence,
    with_jobs.stuck_since,
    with_jobs.age_seconds,
    with_jobs.remedy,
    with_jobs.job_id,
    with_jobs.job_status,
    unchanged.fingerprint
from with_jobs
cross join lateral (
    select
        case
            when with_jobs.execution_id is not null
                then md5(
                    concat((
                        select execution_contents.content from execution_contents
                        where execution_contents.execution_id = with_jobs.execution_id
                    ))
                )
            -- a job is unchanged if its row is, and no execution of it came or moved on
            when with_jobs.entity_type = 'job' and with_jobs.job_id is not null
                then md5(
                    concat(
                        (
                            select job_contents.content from job_contents
                            where job_contents.job_id = with_jobs.job_id
                        ),
                        (
                            select
                                string_agg(
                                    concat_ws(' ', executions.execution_id, executions.status),
                                    ',' order by executions.execution_id
                                )
                            from executions
                            where executions.job_id = with_jobs.job_id
                        )
                    )
                )
        end as fingerprint
    limit 1 -- which keeps it apart, so that it is found once, and not once per use
) as unchanged
