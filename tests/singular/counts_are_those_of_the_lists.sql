-- The gate reads counts, and an engineer reads lists: one that lacks a view, or says another number, would be believed.
-- Passes if each point counts what its list has. Fails with the points that do not.

with point_counts as (
    select * from {{ ref('int_point_counts') }}
),

stuck_items as (
    select
        accumulation_point,
        count(*) as items,
        min(stuck_since) as oldest_stuck_since
    from {{ ref('int_stuck_items') }}
    group by accumulation_point
)

select
    coalesce(point_counts.accumulation_point, stuck_items.accumulation_point) as accumulation_point,
    point_counts.items as counted,
    stuck_items.items as listed
from point_counts
full join stuck_items on point_counts.accumulation_point = stuck_items.accumulation_point
where
    point_counts.items is distinct from stuck_items.items
    or point_counts.oldest_stuck_since is distinct from stuck_items.oldest_stuck_since
