-- What the last look found, a task per row: waiting in a queue, or held by a worker, which also holds what is not due
-- yet.
{{ config(enabled=is_system('celery')) }}

with usable_look as (
    select snapshot_id from {{ ref('base_celery_look') }}
    where is_usable
),

held as (
    select
        in_flight.message_id as task_id,
        in_flight.job_kind,
        in_flight.queue_name,
        in_flight.attempts,
        in_flight.due_at,
        in_flight.delivered_at,
        in_flight.members
    from {{ ref('stg_messages_in_flight') }} as in_flight
    inner join usable_look on in_flight.snapshot_id = usable_look.snapshot_id
),

waiting as (
    select distinct on (messages.message_id)
        messages.message_id as task_id,
        messages.job_kind,
        messages.queue_name,
        messages.attempts,
        messages.due_at,
        messages.enqueued_at as first_seen_at,
        messages.members
    from {{ ref('stg_queue_messages') }} as messages
    inner join usable_look on messages.snapshot_id = usable_look.snapshot_id
    where messages.message_id is not null
    order by messages.message_id asc, messages.enqueued_at asc
)

select
    task_id,
    job_kind,
    queue_name,
    attempts,
    due_at,
    null::timestamptz as first_seen_at,
    delivered_at,
    members,
    true as is_held,
    coalesce(due_at <= {{ as_of() }}, true) as is_due
from held
union all
select
    task_id,
    job_kind,
    queue_name,
    attempts,
    due_at,
    first_seen_at,
    null::timestamptz as delivered_at,
    members,
    false as is_held,
    coalesce(due_at <= {{ as_of() }}, true) as is_due
from waiting
where task_id not in (select held.task_id from held)
