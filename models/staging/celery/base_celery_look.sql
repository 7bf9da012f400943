-- The last look at the broker, in one row: whether it can be relied on, whether it saw all, and whether anybody
-- listens.
{{ config(enabled=is_system('celery')) }}

select
    max(snapshots.snapshot_id) as snapshot_id,
    min(snapshots.observed_at) as observed_at,
    coalesce(
        bool_and(
            snapshots.error is null
            and snapshots.observed_at >= {{ as_of() }} - {{ minutes(var('snapshot_max_age_minutes')) }}
            and snapshots.observed_at <= {{ latest_plausible() }}
        ),
        false
    ) as is_usable,
    coalesce(bool_and(snapshots.complete), false) as is_complete,
    (
        select servers.listeners
        from {{ ref('stg_queue_servers') }} as servers
        where servers.snapshot_id = max(snapshots.snapshot_id)
    ) as listeners,
    (
        select sightings.first_seen_at
        from {{ ref('stg_queue_sightings') }} as sightings
        where sightings.kind = 'deserted'
    ) as deserted_since
from {{ ref('stg_queue_snapshots') }} as snapshots
where snapshots.snapshot_id = (select max(latest.snapshot_id) from {{ ref('stg_queue_snapshots') }} as latest)
