-- The oldest items of each incident.
with ranked as (
    select
        *,
        row_number() over (
            partition by incident_id order by stuck_since asc nulls last, accumulation_point asc, entity_id asc
        ) as place
    from {schema}.incident_items_v1
    where %(incidents)s::text[] is null or incident_id = any(%(incidents)s)
)

select
    {item_columns},
    incident_id,
    case when stuck_since between '0002-01-01' and '9998-12-31' then stuck_since end as stuck_since,
    region
from ranked
where place <= %(most)s
order by incident_id, place
