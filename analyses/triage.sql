-- What an engineer reads first: each point that is not ok, with its causes by number and their oldest item.
select
    points.accumulation_point,
    points.state,
    items.cause,
    count(items.entity_id) as items,
    min(items.stuck_since) as oldest_since,
    points.remedy
from {{ ref('accumulation_points') }} as points
left join {{ ref('stuck_items') }} as items on points.accumulation_point = items.accumulation_point
where points.state != 'ok'
group by points.accumulation_point, points.state, items.cause, points.remedy
order by items desc
