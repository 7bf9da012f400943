-- Why a job waits for a worker for too long. A snapshot that is older than the job's last change proves nothing.
-- Grouped by job at last, by which the planner knows that a job has one cause: who only counts does not pay for it.
{% set source_outbox = source_table('outbox') %}

with jobs as (
    select * from {{ ref('stg_jobs') }}
),

outbox as (
    select * from {{ ref('stg_outbox') }}
),

messages as (
    select * from {{ ref('int_current_messages') }}
),

locks as (
    select * from {{ ref('int_current_locks') }}
),

messages_in_flight as (
    select * from {{ ref('stg_messages_in_flight') }}
),

snapshots as (
    select * from {{ ref('int_current_snapshots') }}
),

evidence as (
    select * from {{ ref('int_snapshot_evidence') }}
),

-- not materialized: then the planner knows how many ids the table has, and hashes them; of payloads it knows nothing
waiting_jobs as not materialized (
    select
        job_id,
        jobspec_id,
        created_at,
        updated_at
    from jobs
    where
        status in ('created', 'queued')
        and is_polled is not true
        and created_at < {{ as_of() }} - least({{ max_age('job_created') }}, {{ max_age('job_queued') }})
),

-- a message is written with its job, so that the payloads of older ones need not be opened, and of these once
relevant_outbox as (
    select
        jobspec_id,
        topic,
        published_at
    from outbox
    where
        source_published_at is null
        or source_created_at is null
        or source_created_at >= (
            select {{ source_instant(source_outbox, 'created_at', "min(waiting_jobs.created_at) - interval '7 days'") }}
            from waiting_jobs
        )
    offset 0
),

queued_jobs as (
    select
        jobspec_id,
        bool_or(kind = 'main') as is_waiting,
        bool_or(kind = 'retry') as is_retrying
    from messages
    where jobspec_id is not null
    group by jobspec_id
),

-- what a worker has taken is not lost, though it may not have locked the job yet
held_messages as (
    select messages_in_flight.message_id from messages_in_flight
    inner join evidence on messages_in_flight.snapshot_id = evidence.last_snapshot_id
),

held_jobs as (
    select jobspec_id from locks
    union distinct
    select message_id from held_messages
    union distinct
    select regexp_replace(message_id, ':[0-9]+$', '') from held_messages
),

-- a row per message of a job, and one of a job without any
judged as (
    select
        waiting_jobs.job_id,
        relevant_outbox.topic as queue_name,
        relevant_outbox.jobspec_id is not null as is_in_outbox,
        relevant_outbox.jobspec_id is not null and relevant_outbox.published_at is null as is_unpublished,
        queued_jobs.jobspec_id is not null as is_in_queue,
        queued_jobs.is_waiting,
        queued_jobs.is_retrying,
        evidence.is_usable
        and evidence.observed_at > greatest(
            waiting_jobs.created_at, waiting_jobs.updated_at, relevant_outbox.published_at
        ) as is_proof,
        evidence.is_complete
        and (relevant_outbox.topic not in (select snapshots.queue_name from snapshots)) is not true
        and held_jobs.jobspec_id is null as is_gone,
        evidence.is_untrusted,
        coalesce(
            evidence.whole_since < greatest(
                waiting_jobs.created_at, waiting_jobs.updated_at, relevant_outbox.published_at
            ),
            evidence.whole_since is null
        ) as is_whole
    from waiting_jobs
    cross join evidence
    left join relevant_outbox on waiting_jobs.jobspec_id = relevant_outbox.jobspec_id
    left join queued_jobs on waiting_jobs.jobspec_id = queued_jobs.jobspec_id
    left join held_jobs on waiting_jobs.jobspec_id = held_jobs.jobspec_id
)

select
    job_id,
    max(queue_name) as queue_name,
    case
        when bool_and(is_proof) and bool_or(is_waiting) then 'message_waiting'
        when bool_and(is_proof) and bool_or(is_retrying) then 'retry_scheduled'
        when bool_or(is_unpublished) then 'outbox_unpublished'
        when bool_and(is_proof) and bool_or(is_in_queue) then 'dead_lettered'
        when not bool_or(is_in_outbox or is_in_queue) then 'never_published'
        when bool_and(is_proof and is_gone) and bool_or(is_whole) then 'message_lost'
        when bool_or(is_untrusted) or bool_and(is_proof and is_gone) then 'snapshot_untrusted'
        else 'unknown'
    end as cause
from judged
group by job_id
