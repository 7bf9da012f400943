-- The messages of the snapshots that can be relied on.
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
from {{ ref('stg_queue_messages') }} as messages
inner join {{ ref('int_current_snapshots') }} as current_snapshots
    on
        messages.snapshot_id = current_snapshots.snapshot_id
        and messages.queue_name = current_snapshots.queue_name
        and messages.kind = current_snapshots.kind
where current_snapshots.is_usable
