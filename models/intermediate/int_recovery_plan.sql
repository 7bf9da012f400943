-- What recovery would do about each stuck job and execution, or why it must not touch it; `fingerprint` is what must be
-- unchanged when it acts. Age alone is never a reason: whoever may still be at work is left alone.
{% set job_key = source_table('jobs').types.get('id', 'bigint') %}
{% set row_key = source_table('executions').types.get('id', 'bigint') %}
{% set default_topic = dbt.string_literal(dbt.escape_single_quotes(var('recovery_topic'))) %}

with stuck_items as (
    select * from {{ ref('stuck_items') }}
),

points as (
    select * from {{ ref('accumulation_points') }}
),

recoveries as (
    select * from {{ ref('stg_recovery_log') }}
),

jobs as not materialized (
    select * from {{ ref('stg_jobs') }}
),

executions as not materialized (
    select * from {{ ref('stg_executions') }}
),

outbox as (
    select * from {{ ref('stg_outbox') }}
),

worker_signals as (
    select * from {{ ref('int_worker_signals') }}
),

messages as (
    select * from {{ ref('int_current_messages') }}
),

execution_cells as not materialized (
    select * from {{ ref('int_execution_cells') }}
),

items as materialized (
    select
        stuck_items.*,
        points.state as point_state,
        case when stuck_items.entity_type = 'job' then stuck_items.entity_id end::{{ job_key }} as stuck_job_id,
        case when stuck_items.entity_type = 'execution' then stuck_items.entity_id end::{{ row_key }} as execution_id
    from stuck_items
    inner join points on stuck_items.accumulation_point = points.accumulation_point
    where
        stuck_items.remedy in ('republish', 'reset', 'timeout', 'close', 'fail')
        and stuck_items.entity_type in ('job', 'execution')
),

history as (
    select
        jobspec_id,
        count(*) filter (where remedy in ('republish', 'reset', 'requeue')) as recoveries,
        max(recovered_at) as last_recovered_at
    from recoveries
    where outcome = 'applied' and entity_type in ('job', 'message')
    group by jobspec_id
),

queued_jobs as (
    select distinct jobspec_id from messages
    where kind in ('main', 'retry') and jobspec_id is not null
),

-- a message is written with its job
publications as (
    select
        jobspec_id,
        (array_agg(topic order by outbox_id desc))[1] as topic,
        bool_or(published_at is null) as is_unpublished
    from outbox
    where jobspec_id in (select items.jobspec_id from items)
    group by jobspec_id
),

located as (
    select
        items.*,
        coalesce(source_job.job_id, source_execution.job_id) as job_id,
        coalesce(source_job.fingerprint, source_execution.fingerprint) as fingerprint,
        coalesce(source_job.status, owner.status) as job_status,
        source_job.spec_min_success_rate
    from items
    left join lateral (
        select
            jobs.job_id,
            jobs.status,
            jobs.spec_min_success_rate,
            (
                select md5(source_rows::text) from {{ source('pipeline', 'jobs') }} as source_rows
                where source_rows.id = items.stuck_job_id
            ) as fingerprint
        from jobs
        where jobs.job_id = items.stuck_job_id
        offset 0
    ) as source_job on true
    left join lateral (
        select
            executions.job_id,
            (
                select md5(source_rows::text) from {{ source('pipeline', 'executions') }} as source_rows
                where source_rows.id = items.execution_id
            ) as fingerprint
        from executions
        where executions.execution_id = items.execution_id
        offset 0
    ) as source_execution on true
    left join lateral (
        select jobs.status from jobs
        where jobs.job_id = source_execution.job_id
        offset 0
    ) as owner on true
),

judged as (
    select
        located.*,
        worker_signals.is_held,
        queued_jobs.jobspec_id is not null as is_queued,
        coalesce(publications.is_unpublished, false) as is_unpublished,
        coalesce(publications.topic, {{ default_topic }}) as topic,
        coalesce(history.recoveries, 0) as recoveries,
        coalesce(history.recoveries, 0) >= {{ var('recovery_max_attempts') }} as is_poison,
        history.last_recovered_at
        + {{ minutes(var('recovery_backoff_minutes')) }} * power(2, least(greatest(history.recoveries - 1, 0), 20))
            as next_recovery_at,
        coalesce(located.job_status in ('completed', 'failed', 'cancelled'), false) as is_job_closed,
        case
            when located.remedy = 'close' then coalesce(
                (
                    select
                        count(*) filter (
                            where exists (
                                select 1 from executions
                                where
                                    executions.job_id = cells.job_id
                                    and executions.router_region = cells.region
                                    and (executions.model_id = cells.model_id or cells.model_id is null)
                                    and (executions.question_id = cells.question_id or cells.question_id is null)
                                    and executions.status = 'completed'
                            )
                        )::numeric / nullif(count(*), 0)
                    from execution_cells as cells
                    where cells.job_id = located.job_id
                ) >= case
                    when jsonb_typeof(located.spec_min_success_rate) = 'number'
                        then located.spec_min_success_rate::numeric
                    else 0.67
                end,
                false
            )
        end as is_success
    from located
    left join worker_signals on located.job_id = worker_signals.job_id
    left join queued_jobs on located.jobspec_id = queued_jobs.jobspec_id
    left join publications on located.jobspec_id = publications.jobspec_id
    left join history on located.jobspec_id = history.jobspec_id
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    cause,
    stuck_since,
    age_seconds,
    case
        when entity_type = 'job' and is_poison and remedy in ('republish', 'reset') then 'fail'
        else remedy
    end as remedy,
    case
        when remedy = 'close' and is_success then 'completed'
        when remedy = 'reset' and not is_poison then 'created'
        when remedy = 'republish' and not is_poison then status
        else 'failed'
    end as new_status,
    topic,
    recoveries,
    fingerprint,
    accumulation_point in {{ automatic_points() }} as is_automatic,
    case
        when point_state = 'unknown' then 'the evidence is missing or too old'
        when fingerprint is null then 'it is gone'
        when
            entity_type = 'job' and is_job_closed
            and (accumulation_point <> 'job_interrupted' or job_status <> 'failed')
            then 'the job is closed'
        when entity_type = 'job' and is_job_closed and is_poison
            then 'recovered ' || recoveries || ' times, left failed'
        when remedy = 'republish' and cause not in ('message_lost', 'never_published')
            then 'a message would not help: ' || cause
        when entity_type = 'execution' and cause = 'unknown' then 'nobody knows its job'
        when remedy in ('republish', 'reset') and is_queued then 'its message waits in the queue'
        when remedy in ('republish', 'reset') and is_unpublished then 'its message waits in the outbox'
        when is_held then 'its worker holds its lock'
        when remedy in ('reset', 'timeout', 'fail') and job_status in ('processing', 'running') and is_held is null
            then 'no snapshot shows whether its worker holds its lock'
        when entity_type = 'job' and next_recovery_at > {{ as_of() }}
            then
                'recovered a short time ago, again from '
                || to_char(next_recovery_at at time zone 'UTC', 'HH24:MI:SS "UTC"')
    end as refusal
from judged
