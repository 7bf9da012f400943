-- Why a job waits for a worker for too long. A snapshot that is older than the job's last change proves nothing.
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

waiting_jobs as (
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

publications as (
    select
        jobspec_id,
        bool_or(published_at is null) as is_unpublished,
        max(published_at) as last_published_at,
        max(topic) as queue_name,
        bool_or(topic not in (select snapshots.queue_name from snapshots)) as is_published_elsewhere
    from relevant_outbox
    where jobspec_id in (select waiting_jobs.jobspec_id from waiting_jobs)
    group by jobspec_id
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

judged as (
    select
        waiting_jobs.job_id,
        publications.jobspec_id is not null as is_in_outbox,
        publications.is_unpublished,
        publications.queue_name,
        queued_jobs.jobspec_id is not null as is_in_queue,
        queued_jobs.is_waiting,
        queued_jobs.is_retrying,
        held_jobs.jobspec_id is not null as is_held,
        evidence.is_complete and publications.is_published_elsewhere is not true as is_complete,
        evidence.is_usable
        and evidence.observed_at > greatest(
            waiting_jobs.created_at, waiting_jobs.updated_at, publications.last_published_at
        ) as is_proof,
        evidence.is_untrusted,
        coalesce(
            evidence.whole_since < greatest(
                waiting_jobs.created_at, waiting_jobs.updated_at, publications.last_published_at
            ),
            evidence.whole_since is null
        ) as is_whole
    from waiting_jobs
    cross join evidence
    left join publications on waiting_jobs.jobspec_id = publications.jobspec_id
    left join queued_jobs on waiting_jobs.jobspec_id = queued_jobs.jobspec_id
    left join held_jobs on waiting_jobs.jobspec_id = held_jobs.jobspec_id
)

select
    job_id,
    queue_name,
    case
        when is_proof and is_waiting then 'message_waiting'
        when is_proof and is_retrying then 'retry_scheduled'
        when is_unpublished then 'outbox_unpublished'
        when is_proof and is_in_queue then 'dead_lettered'
        when not is_in_outbox and not is_in_queue then 'never_published'
        when is_proof and is_complete and is_whole and not is_held then 'message_lost'
        when is_untrusted or (is_proof and is_complete and not is_held) then 'snapshot_untrusted'
        else 'unknown'
    end as cause
from judged
