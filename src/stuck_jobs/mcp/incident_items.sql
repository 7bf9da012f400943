select
    {item_columns},
    count(*) over () as total
from {schema}.incident_items_v1
where incident_id = %(incident)s and (%(point)s::text is null or accumulation_point = %(point)s)
order by age_seconds desc nulls last, accumulation_point, entity_id
limit %(most)s
