-- The oldest items of some points.
with ranked as (
    select
        {item_columns},
        row_number() over (partition by accumulation_point order by age_seconds desc nulls last, entity_id) as place
    from {schema}.stuck_items
    where accumulation_point = any(%(points)s)
)

select
    {item_columns}
from ranked
where place <= %(most)s
order by accumulation_point, place
