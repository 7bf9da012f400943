-- What the last snapshots can prove, in one row: they are proof only together, since a message may be in any queue.
select
    max(snapshot_id) as last_snapshot_id,
    min(observed_at) as observed_at,
    coalesce(bool_and(is_usable), false) as is_usable,
    coalesce(bool_and(is_usable and complete), false) as is_complete
from {{ ref('int_current_snapshots') }}
