-- What is known of each stuck job and execution that has a remedy: who may still be at work on its job, what waits for
-- it, and what was tried before.
with items as (
    select * from {{ ref('int_recoverable_items') }}
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
),

-- by full joins, as in the items
met as (
    select
        items.*,
        worker_signals.job_id as held_job_id,
        worker_signals.is_held as is_locked,
        heartbeats.job_id is not null as has_heartbeat,
        heartbeats.is_held as is_alive,
        heartbeats.no_remedy,
        queued_jobs.jobspec_id is not null as is_queued,
        unpublished.jobspec_id is not null as is_unpublished,
        publications.topic,
        history.recoveries,
        history.last_recovered_at
    from items
    full join worker_signals on items.job_id = worker_signals.job_id
    full join heartbeats on items.job_id = heartbeats.job_id
    full join queued_jobs on items.jobspec_id = queued_jobs.jobspec_id
    full join unpublished on items.jobspec_id = unpublished.jobspec_id
    full join publications on items.jobspec_id = publications.jobspec_id
    full join history on items.jobspec_id = history.jobspec_id
    where coalesce(items.entity_type is not null, false)
)

select
    met.accumulation_point,
    met.entity_type,
    met.entity_id,
    met.jobspec_id,
    met.status,
    met.cause,
    met.queue_name,
    met.job_kind,
    met.evidence,
    met.stuck_since,
    met.age_seconds,
    met.remedy,
    met.job_id,
    met.job_status,
    coalesce(met.job_status in ('completed', 'failed', 'cancelled'), false) as is_job_closed,
    (
        select job_specs.spec_min_success_rate from job_specs
        where job_specs.job_id = met.job_id
    ) as spec_min_success_rate,
    met.fingerprint,
    case
        when met.has_heartbeat then met.is_alive
        when met.is_locked or coalesce(last_write.written_at < snapshot_evidence.observed_at, true) then met.is_locked
    end as is_held,
    met.no_remedy,
    queue_evidence.is_complete as is_queue_known,
    met.is_queued,
    met.is_unpublished,
    met.topic,
    coalesce(met.recoveries, 0) as recoveries,
    met.last_recovered_at
from met
cross join snapshot_evidence
cross join queue_evidence
left join lateral (
    select max(greatest(executions.created_at, executions.completed_at)) as written_at
    from executions
    where executions.job_id = met.held_job_id
) as last_write on true
