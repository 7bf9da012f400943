-- How many messages each queue holds, by kind, when it was last looked at. A row is not a stuck item: the point
-- queue_depth takes those that are over its limit.
with oldest_messages as (
    select
        queue_name,
        kind,
        min(enqueued_at) as oldest_message_at
    from {{ ref('int_current_messages') }}
    group by queue_name, kind
)

select
    snapshots.queue_name,
    snapshots.kind,
    snapshots.depth,
    oldest_messages.oldest_message_at,
    snapshots.observed_at,
    snapshots.complete,
    snapshots.error
from {{ ref('int_current_snapshots') }} as snapshots
left join oldest_messages
    on
        snapshots.queue_name = oldest_messages.queue_name
        and snapshots.kind = oldest_messages.kind
