-- The tasks that somebody is at, or was: what a worker holds that is due, and what has started or is to be tried again
-- and has no message. Nothing says when one began, but for django-celery-results; else it is when it was seen first.
{{ config(enabled=is_system('celery')) }}
{% set open_states = status_ranges(['FAILURE', 'REVOKED', 'SUCCESS'])[1:] %}

with missed as (
    select
        name,
        version,
        first_seen_at
    from {{ ref('stg_queue_sightings') }}
    where kind = 'no_message'
),

-- in one reading of the table; by ranges, which an index has if there is one, though without one the list is quicker
unfinished as materialized (
    select * from {{ ref('base_celery_results') }}
    where
        status not in ('SUCCESS', 'FAILURE', 'REVOKED')
        and (({{ open_states | join(') or (') }}))
),

started as (
    select * from unfinished
    where status <> 'RETRY'
)

select
    messages.task_id,
    messages.queue_name,
    coalesce(messages.job_kind, started.job_kind) as job_kind,
    messages.attempts,
    started.holder_id,
    true as is_held,
    false as is_retry,
    messages.delivered_at,
    null::timestamptz as missed_since,
    null::timestamptz as written_at,
    coalesce(started.started_at, greatest(messages.delivered_at, messages.due_at)) as began_at
from {{ ref('base_celery_messages') }} as messages
left join started on messages.task_id = started.task_id
where messages.is_held and messages.is_due
union all
select
    started.task_id,
    started.queue_name,
    started.job_kind,
    started.retries as attempts,
    started.holder_id,
    false as is_held,
    false as is_retry,
    null::timestamptz as delivered_at,
    missed.first_seen_at as missed_since,
    started.written_at,
    coalesce(started.started_at, missed.first_seen_at) as began_at
from started
left join missed
    on
        started.task_id = missed.name
        and missed.version is not distinct from extract(epoch from started.written_at)::text
where started.task_id not in (select messages.task_id from {{ ref('base_celery_messages') }} as messages)
union all
select
    retried.task_id,
    retried.queue_name,
    retried.job_kind,
    retried.retries as attempts,
    null::text as holder_id,
    false as is_held,
    true as is_retry,
    null::timestamptz as delivered_at,
    missed.first_seen_at as missed_since,
    retried.written_at,
    null::timestamptz as began_at
from unfinished as retried
left join missed
    on
        retried.task_id = missed.name
        and missed.version is not distinct from extract(epoch from retried.written_at)::text
where
    retried.status = 'RETRY'
    and retried.task_id not in (select messages.task_id from {{ ref('base_celery_messages') }} as messages)
