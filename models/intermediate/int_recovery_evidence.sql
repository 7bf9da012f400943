-- What is known of each stuck job and execution that has a remedy: who may still be at work on its job, what waits for
-- it, and what was tried before. `fingerprint` is what must be unchanged when somebody acts on it.
{% set job_key = source_key_type('jobs') %}
{% set row_key = source_key_type('executions') %}

with stuck_items as (
    select * from {{ ref('stuck_items') }}
),

points as (
    select * from {{ ref('accumulation_points') }}
),

jobs as not materialized (
    select * from {{ ref('stg_jobs') }}
),

job_specs as not materialized (
    select * from {{ ref('stg_job_specs') }}
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

outbox as (
    select * from {{ ref('stg_outbox') }}
),

recoveries as (
    select * from {{ ref('stg_recovery_log') }}
),

worker_signals as (
    select * from {{ ref('int_worker_signals') }}
),

heartbeats as (
    select * from {{ ref('int_heartbeats') }}
),

snapshot_evidence as (
    select * from {{ ref('int_snapshot_evidence') }}
),

current_snapshots as (
    select * from {{ ref('int_current_snapshots') }}
),

messages as (
    select * from {{ ref('int_current_messages') }}
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
        stuck_items.remedy in ('republish', 'reset', 'timeout', 'close', 'fail', 'retry', 'requeue')
        and stuck_items.entity_type in ('job', 'execution')
),

located as (
    select
        items.*,
        coalesce(items.stuck_job_id, of_execution.job_id) as job_id,
        of_execution.fingerprint as execution_fingerprint
    from items
    left join lateral (
        select
            executions.job_id,
            (
                select md5(execution_contents.content) from execution_contents
                where execution_contents.execution_id = items.execution_id
            ) as fingerprint
        from executions
        where executions.execution_id = items.execution_id
        {{ 'offset 0' if row_key != 'text' }}
    ) as of_execution on true
),

concerned as (
    select distinct job_id from located
),

-- a job is unchanged if its row is, and no execution of it came or moved on
concerned_jobs as materialized (
    select
        job.*,
        md5(concat(job.content, progress.content)) as fingerprint,
        progress.last_written_at
    from concerned
    cross join
        lateral (
            select
                jobs.job_id,
                jobs.status,
                (
                    select job_specs.spec_min_success_rate from job_specs
                    where job_specs.job_id = concerned.job_id
                ) as spec_min_success_rate,
                (
                    select job_contents.content from job_contents
                    where job_contents.job_id = concerned.job_id
                ) as content
            from jobs
            where jobs.job_id = concerned.job_id
            offset 0
        ) as job
    cross join lateral (
        select
            string_agg(
                concat_ws(' ', executions.execution_id, executions.status), ',' order by executions.execution_id
            ) as content,
            max(greatest(executions.created_at, executions.completed_at)) as last_written_at
        from executions
        where executions.job_id = concerned.job_id
    ) as progress
),

history as (
    select
        jobspec_id,
        count(*) filter (where remedy in {{ recoveries_anew() }}) as recoveries,
        max(recovered_at) as last_recovered_at
    from recoveries
    where outcome = 'applied' and entity_type in ('job', 'message')
    group by jobspec_id
),

queued_jobs as (
    select distinct jobspec_id from messages
    where kind in ('main', 'retry') and jobspec_id is not null
),

-- whether a message that is not seen is not there
queue_evidence as (
    select coalesce(bool_and(is_usable and complete), false) as is_complete
    from current_snapshots
    where kind in ('main', 'retry')
),

publications as (
    select
        jobspec_id,
        (array_agg(topic order by outbox_id desc))[1] as topic,
        bool_or(published_at is null) as is_unpublished
    from outbox
    where jobspec_id in (select items.jobspec_id from items)
    group by jobspec_id
)

select
    located.accumulation_point,
    located.entity_type,
    located.entity_id,
    located.jobspec_id,
    located.status,
    located.cause,
    located.queue_name,
    located.job_kind,
    located.evidence,
    located.stuck_since,
    located.age_seconds,
    located.remedy,
    located.point_state,
    concerned_jobs.job_id,
    concerned_jobs.status as job_status,
    coalesce(concerned_jobs.status in ('completed', 'failed', 'cancelled'), false) as is_job_closed,
    concerned_jobs.spec_min_success_rate,
    case
        when located.entity_type = 'job' then concerned_jobs.fingerprint
        else located.execution_fingerprint
    end as fingerprint,
    case
        when heartbeats.job_id is not null then heartbeats.is_held
        when
            worker_signals.is_held
            or concerned_jobs.last_written_at is null
            or concerned_jobs.last_written_at < snapshot_evidence.observed_at
            then worker_signals.is_held
    end as is_held,
    heartbeats.no_remedy,
    queue_evidence.is_complete as is_queue_known,
    queued_jobs.jobspec_id is not null as is_queued,
    coalesce(publications.is_unpublished, false) as is_unpublished,
    publications.topic,
    coalesce(history.recoveries, 0) as recoveries,
    history.last_recovered_at
from located
cross join snapshot_evidence
cross join queue_evidence
left join concerned_jobs on located.job_id = concerned_jobs.job_id
left join worker_signals on located.job_id = worker_signals.job_id
left join heartbeats on located.job_id = heartbeats.job_id
left join queued_jobs on located.jobspec_id = queued_jobs.jobspec_id
left join publications on located.jobspec_id = publications.jobspec_id
left join history on located.jobspec_id = history.jobspec_id
