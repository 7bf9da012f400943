-- What the last snapshots can prove, in one row: they are proof only together, since a message may be in any queue.
-- The servers are looked up and not joined: below an outer join PostgreSQL marks what may be NULL, and from the first
-- such mark on it walks through the whole of a query for each view that it opens.
select
    max(snapshots.snapshot_id) as last_snapshot_id,
    min(snapshots.observed_at) as observed_at,
    coalesce(bool_and(snapshots.is_usable), false) as is_usable,
    coalesce(bool_and(snapshots.is_usable and snapshots.complete), false) as is_complete,
    coalesce(bool_or(snapshots.error like 'snapshot_untrusted:%'), false) as is_untrusted,
    (
        select servers.whole_since
        from {{ ref('stg_queue_servers') }} as servers
        where servers.snapshot_id = max(snapshots.snapshot_id)
    ) as whole_since,
    (
        select servers.listeners
        from {{ ref('stg_queue_servers') }} as servers
        where servers.snapshot_id = max(snapshots.snapshot_id)
    ) as listeners,
    exists(
        select 1
        from {{ ref('stg_queue_servers') }} as servers
        where servers.snapshot_id = max(snapshots.snapshot_id)
    ) as knows_claims
from {{ ref('int_current_snapshots') }} as snapshots
