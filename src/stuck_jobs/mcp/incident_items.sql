with own_items as (
    select
        accumulation_point as point,
        entity_type as type,
        entity_id as id
    from {schema}.incident_items_v1
    where incident_id = %(incident)s and (%(point)s::text is null or accumulation_point = %(point)s)
)

select
    {item_columns},
    count(*) over () as total
from {schema}.stuck_items
inner join own_items
    on accumulation_point = own_items.point and entity_type = own_items.type and entity_id is not distinct from own_items.id
order by age_seconds desc nulls last, accumulation_point, entity_id
limit %(most)s
