-- The messages of the snapshots that can be relied on.
with messages as (
    select * from {{ ref('stg_queue_messages') }}
),

current_snapshots as (
    select * from {{ ref('int_current_snapshots') }}
)

select
    messages.queue_name,
    messages.kind,
    messages.position,
    messages.message_id,
    messages.jobspec_id,
    messages.attempts,
    messages.max_attempts,
    messages.enqueued_at,
    messages.due_at,
    messages.error,
    messages.parsed,
    current_snapshots.observed_at
from messages
inner join current_snapshots
    on
        messages.snapshot_id = current_snapshots.snapshot_id
        and messages.queue_name = current_snapshots.queue_name
        and messages.kind = current_snapshots.kind
where current_snapshots.is_usable
