-- The oldest items of some incidents, with what their points' views say of them.
with members as (
    select
        incident_id,
        accumulation_point,
        entity_type,
        entity_id
    from {schema}.incident_items_v1
    where incident_id = any(%(incidents)s)
),

ranked as (
    select
        incident_id,
        {item_columns},
        row_number() over (
            partition by incident_id order by age_seconds desc nulls last, accumulation_point asc, entity_id asc
        ) as place
    from members
    inner join {schema}.stuck_items using (accumulation_point, entity_type, entity_id)
)

select
    incident_id,
    {item_columns}
from ranked
where place <= %(most)s
order by incident_id, place
