select
    {item_columns},
    count(*) over () as total
from {schema}.stuck_items
where accumulation_point = %(point)s
order by age_seconds desc nulls last, entity_id
limit %(most)s
