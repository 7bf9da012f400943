-- How deep the fullest queues were, in at most so many steps of time; a step without an answer has no depth.
with beginning as (
    select greatest(min(observed_at), now() - %(window)s) as since
    from {schema}.queue_depth_history
),

steps as (
    select
        since,
        greatest((now() - since) / %(steps)s, interval '1 second') as step
    from beginning
),

depths as (
    select
        snapshots.queue_name,
        snapshots.kind,
        date_bin(steps.step, snapshots.observed_at, steps.since) as observed_at,
        max(snapshots.depth) as depth
    from {schema}.queue_depth_history as snapshots
    inner join steps on steps.since <= snapshots.observed_at
    group by 1, 2, 3
),

fullest as (
    select queue_name, kind
    from depths
    group by queue_name, kind
    order by max(depth) desc nulls last, queue_name, kind
    limit %(queues)s
)

select depths.queue_name, depths.kind, depths.observed_at, depths.depth
from depths
inner join fullest
    on depths.queue_name = fullest.queue_name and depths.kind = fullest.kind
order by depths.queue_name, array_position(array['main', 'retry', 'dead'], depths.kind), depths.observed_at
