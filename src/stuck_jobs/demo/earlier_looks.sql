-- A look a minute. The queue that nobody serves has had the same message to be taken next, the others have had others.
insert into {schema}.queue_snapshots (
    snapshot_id, observed_at, queue_name, kind, depth, messages_read, complete, error, oldest_message
)
select
    snapshots.snapshot_id - minutes.ago,
    snapshots.observed_at - minutes.ago * interval '1 minute',
    snapshots.queue_name,
    snapshots.kind,
    snapshots.depth,
    snapshots.messages_read,
    snapshots.complete,
    snapshots.error,
    case
        when snapshots.queue_name = {unserved} then snapshots.oldest_message
        else md5(snapshots.oldest_message || minutes.ago)
    end
from {schema}.queue_snapshots as snapshots
cross join generate_series(1, 8) as minutes (ago)
