-- Queues in which due work waits and from which nothing is taken: nobody serves them, though workers of other queues
-- may live. Where workers take jobs from their table it is seen there; else in the looks at the queue.
{% set is_polled = not execute or not is_left_out('stg_queues') %}

with idle_queues as (
    select * from {{ ref('int_idle_queues') }}
),

holds as (
    select
        (select evidence.listeners from {{ ref('int_snapshot_evidence') }} as evidence) as listeners,
        (select count(*) from {{ ref('int_current_locks') }}) as locks,
        (
            select count(*)
            from {{ ref('stg_messages_in_flight') }} as in_flight
            inner join {{ ref('int_snapshot_evidence') }} as evidence
                on in_flight.snapshot_id = evidence.last_snapshot_id
        ) as messages_in_flight
),

{% if is_polled %}
due_jobs as (
    select
        queue_name,
        count(*) as due_jobs,
        min(coalesce(ready_since, created_at)) as oldest_due_at
    from {{ ref('int_live_jobs') }}
    where is_polled and status = 'queued' and waits_for is null
    group by queue_name
),

queues as (
    select * from {{ ref('stg_queues') }}
),

heartbeats as (
    select * from {{ ref('int_heartbeats') }}
),

-- whoever took a job and gives no sign of life may be busy with it, unless it was taken in the future
held_jobs as (
    select queue_name from heartbeats
    where is_held
    union all
    select live_jobs.queue_name
    from {{ ref('int_live_jobs') }} as live_jobs
    left join heartbeats on live_jobs.job_id = heartbeats.job_id
    where
        live_jobs.is_polled
        and live_jobs.status = 'running'
        and live_jobs.started_at
        between {{ as_of() }} - {{ max_age('job_running') }} and {{ latest_of_a_job() }}
        and heartbeats.job_id is null
),
{% endif %}

unserved as (
    select
        idle_queues.queue_name,
        idle_queues.depth as due_jobs,
        idle_queues.waiting_since as oldest_due_at,
        null::timestamptz as last_taken_at,
        null::bigint as living_workers,
        greatest(idle_queues.waiting_since, idle_queues.idle_since) as stuck_since,
        coalesce(holds.listeners, holds.locks + holds.messages_in_flight) = 0 as is_deserted,
        concat(
            idle_queues.depth, ' messages wait, the oldest since ', {{ ago('idle_queues.waiting_since') }},
            ', it is the next one to be taken since ', {{ ago('idle_queues.idle_since') }}, ' at least, workers hold ',
            holds.locks, ' locks and ', holds.messages_in_flight, ' messages',
            case when holds.listeners = 0 then ', and none listens' end
        ) as evidence
    from idle_queues
    cross join holds
    where
        idle_queues.waiting_since < idle_queues.observed_at - {{ max_age('queue_unserved') }}
        and idle_queues.idle_since < idle_queues.observed_at - {{ max_age('queue_unserved') }}
    {% if is_polled %}
    union all
    select
        due_jobs.queue_name,
        due_jobs.due_jobs,
        due_jobs.oldest_due_at,
        queues.last_taken_at,
        queues.living_workers,
        greatest(due_jobs.oldest_due_at, queues.last_taken_at) as stuck_since,
        coalesce(queues.living_workers = 0, false) as is_deserted,
        concat(
            due_jobs.due_jobs, ' jobs are due, the oldest since ', {{ ago('due_jobs.oldest_due_at') }},
            ', the last was taken ',
            case when queues.last_taken_at is null then 'never' else {{ ago('queues.last_taken_at') }} end,
            ', ' || queues.living_workers || ' workers live'
        ) as evidence
    from due_jobs
    left join queues on due_jobs.queue_name is not distinct from queues.queue_name
    where
        due_jobs.oldest_due_at < {{ as_of() }} - {{ max_age('queue_unserved') }}
        and coalesce(queues.last_taken_at < {{ as_of() }} - {{ max_age('queue_unserved') }}, true)
        and not exists (
            select 1 from held_jobs
            where held_jobs.queue_name is not distinct from due_jobs.queue_name
        )
    {% endif %}
)

select
    'queue_unserved' as accumulation_point,
    'queue' as entity_type,
    coalesce(queue_name, '') as entity_id,
    null::text as jobspec_id,
    'unserved' as status,
    stuck_since,
    {{ seconds_since('stuck_since') }} as age_seconds,
    extract(epoch from {{ max_age('queue_unserved') }})::bigint as threshold_seconds,
    case when is_deserted then 'no_living_worker' else 'nothing_taken' end as cause,
    queue_name,
    null::text as job_kind,
    evidence,
    due_jobs,
    oldest_due_at,
    last_taken_at,
    living_workers
from unserved
where 'queue_unserved' in {{ enabled_points() }}
