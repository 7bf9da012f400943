-- Since when nothing was taken from each main queue that holds anything, as far as the looks at it prove it. Workers
-- take the oldest message: as long as that is the same one, nothing was taken.
{% set longest_pause = minutes(var('snapshot_max_age_minutes')) %}

with current_queues as (
    select * from {{ ref('int_current_snapshots') }}
    where kind = 'main' and depth > 0 and is_usable
),

oldest_messages as (
    select
        queue_name,
        min(enqueued_at) filter (where enqueued_at <= observed_at) as enqueued_at,
        bool_or(position = 0 and parsed) as is_named
    from {{ ref('int_current_messages') }}
    where kind = 'main'
    group by queue_name
),

looks as (
    select
        snapshots.queue_name,
        snapshots.snapshot_id,
        snapshots.observed_at,
        coalesce(snapshots.oldest_message = current_queues.oldest_message, false) as is_same,
        coalesce(
            lead(snapshots.observed_at) over later_looks - snapshots.observed_at
            not between -{{ longest_pause }} and {{ longest_pause }},
            false
        ) as is_before_pause
    from {{ ref('stg_queue_snapshots') }} as snapshots
    inner join current_queues on snapshots.queue_name = current_queues.queue_name
    where
        snapshots.kind = 'main'
        and (snapshots.oldest_message is not null or snapshots.depth = 0)
        and current_queues.oldest_message is not null
    window later_looks as (partition by snapshots.queue_name order by snapshots.snapshot_id)
),

counted as (
    select
        looks.*,
        count(*) filter (where is_before_pause or not is_same) over newer_looks as changes
    from looks
    window newer_looks as (partition by queue_name order by snapshot_id desc)
),

idle_times as (
    select
        queue_name,
        min(observed_at) filter (where changes = 0) as idle_since,
        bool_or(changes = 1 and not is_same and not is_before_pause) as is_change_seen
    from counted
    group by queue_name
)

select
    current_queues.queue_name,
    current_queues.depth,
    current_queues.observed_at,
    idle_times.idle_since,
    coalesce(idle_times.is_change_seen, false) as is_change_seen,
    coalesce(
        oldest_messages.enqueued_at, case when oldest_messages.is_named then idle_times.idle_since end
    ) as waiting_since
from current_queues
left join oldest_messages on current_queues.queue_name = oldest_messages.queue_name
left join idle_times on current_queues.queue_name = idle_times.queue_name
