-- How deep each queue was at each look, for the curves of a report.
with snapshots as (
    select * from {{ ref('stg_queue_snapshots') }}
)

select
    queue_name,
    kind,
    observed_at,
    depth,
    complete
from snapshots
