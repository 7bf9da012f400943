-- The last snapshot of each queue, and whether it can be relied on: it did not fail, is not too old, and is not of a
-- clock that was put back since.
select
    snapshots.snapshot_id,
    snapshots.observed_at,
    snapshots.queue_name,
    snapshots.kind,
    snapshots.depth,
    snapshots.complete,
    snapshots.error,
    snapshots.oldest_message,
    snapshots.error is null
    and snapshots.observed_at >= {{ as_of() }} - {{ minutes(var('snapshot_max_age_minutes')) }}
    and snapshots.observed_at <= {{ latest_plausible() }} as is_usable,
    snapshots.messages_read
from {{ ref('stg_queue_snapshots') }} as snapshots
inner join (
    select
        queue_name,
        max(snapshot_id) as snapshot_id
    from {{ ref('stg_queue_snapshots') }}
    group by queue_name
) as latest
    on
        snapshots.queue_name = latest.queue_name
        and snapshots.snapshot_id = latest.snapshot_id
