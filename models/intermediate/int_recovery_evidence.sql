-- What is known of each stuck job and execution that has a remedy: who may still be at work on its job, what waits for
-- it, and what was tried before. `fingerprint` is what must be unchanged when somebody acts on it. No item is kept on
-- the way, so that who asks for one job has PostgreSQL look for its items alone.
{% set job_key = source_key_type('jobs') %}
{% set row_key = source_key_type('executions') %}

with stuck_items as (
    select * from {{ ref('stuck_items') }}
),

jobs as not materialized (
    select * from {{ ref('stg_jobs') }}
),

live_jobs as (
    select * from {{ ref('int_live_jobs') }}
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

outbox as not materialized (
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

items as (
    select
        stuck_items.*,
        case when stuck_items.entity_type = 'job' then stuck_items.entity_id end::{{ job_key }} as stuck_job_id,
        case when stuck_items.entity_type = 'execution' then stuck_items.entity_id end::{{ row_key }} as execution_id
    from stuck_items
    where
        stuck_items.remedy in ('republish', 'reset', 'timeout', 'close', 'fail', 'retry', 'requeue')
        and stuck_items.entity_type in ('job', 'execution')
),

located as (
    select
        items.*,
        coalesce(items.stuck_job_id, of_execution.job_id) as its_job_id,
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

-- a job is unchanged if its row is, and no execution of it came or moved on
with_jobs as (
    select
        located.*,
        job.job_id,
        job.status as job_status,
        job.spec_min_success_rate,
        job.fingerprint as job_fingerprint,
        job.last_written_at
    from located
    left join live_jobs on located.its_job_id = live_jobs.job_id
    left join lateral (
        select
            row_of_job.job_id,
            row_of_job.status,
            row_of_job.spec_min_success_rate,
            md5(concat(row_of_job.content, progress.content)) as fingerprint,
            progress.last_written_at
        from (
            select
                found.job_id,
                found.status,
                (
                    select job_specs.spec_min_success_rate from job_specs
                    where job_specs.job_id = located.its_job_id
                ) as spec_min_success_rate,
                (
                    select job_contents.content from job_contents
                    where job_contents.job_id = located.its_job_id
                ) as content
            from (
                select
                    live_jobs.job_id,
                    live_jobs.status
                where live_jobs.job_id is not null
                union all
                {{ closed_job('located.its_job_id') | indent(12) }}
            ) as found
            offset 0
        ) as row_of_job
        cross join (
            select
                string_agg(
                    concat_ws(' ', executions.execution_id, executions.status), ',' order by executions.execution_id
                ) as content,
                max(greatest(executions.created_at, executions.completed_at)) as last_written_at
            from executions
            where executions.job_id = located.its_job_id
        ) as progress
    ) as job on true
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

unpublished as (
    select distinct jobspec_id from outbox
    where source_published_at is null
),

-- of closed jobs only failed ones can be put back
jobs_to_recover as (
    select jobspec_id from live_jobs
    union all
    select jobspec_id from jobs
    where status = 'failed'
),

publications as (
    select
        jobspec_id,
        (array_agg(topic order by outbox_id desc))[1] as topic
    from outbox
    where jobspec_id in (select jobs_to_recover.jobspec_id from jobs_to_recover)
    group by jobspec_id
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
    coalesce(with_jobs.job_status in ('completed', 'failed', 'cancelled'), false) as is_job_closed,
    with_jobs.spec_min_success_rate,
    case
        when with_jobs.entity_type = 'job' then with_jobs.job_fingerprint
        else with_jobs.execution_fingerprint
    end as fingerprint,
    case
        when heartbeats.job_id is not null then heartbeats.is_held
        when
            worker_signals.is_held
            or with_jobs.last_written_at is null
            or with_jobs.last_written_at < snapshot_evidence.observed_at
            then worker_signals.is_held
    end as is_held,
    heartbeats.no_remedy,
    queue_evidence.is_complete as is_queue_known,
    queued_jobs.jobspec_id is not null as is_queued,
    unpublished.jobspec_id is not null as is_unpublished,
    publications.topic,
    coalesce(history.recoveries, 0) as recoveries,
    history.last_recovered_at
from with_jobs
cross join snapshot_evidence
cross join queue_evidence
left join worker_signals on with_jobs.job_id = worker_signals.job_id
left join heartbeats on with_jobs.job_id = heartbeats.job_id
left join queued_jobs on with_jobs.jobspec_id = queued_jobs.jobspec_id
left join unpublished on with_jobs.jobspec_id = unpublished.jobspec_id
left join publications on with_jobs.jobspec_id = publications.jobspec_id
left join history on with_jobs.jobspec_id = history.jobspec_id
