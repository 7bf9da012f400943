-- An item without an incident would be forgotten at three in the morning, and one with two would be two faults.
-- Passes if each stuck item has exactly one incident. Fails with the points whose items have not.
with stuck_items as (
    select
        accumulation_point,
        count(*) as items
    from {{ ref('stuck_items') }}
    group by accumulation_point
),

incident_items as (
    select
        incident_items.accumulation_point,
        count(*) as items,
        count(distinct incident_items.entity_id) as entities,
        count(incidents.incident_id) as in_incidents
    from {{ ref('incident_items') }} as incident_items
    left join {{ ref('incidents') }} as incidents on incident_items.incident_id = incidents.incident_id
    group by incident_items.accumulation_point
)

select
    coalesce(stuck_items.accumulation_point, incident_items.accumulation_point) as accumulation_point,
    stuck_items.items,
    incident_items.items as incident_items
from stuck_items
full join incident_items on stuck_items.accumulation_point = incident_items.accumulation_point
where
    stuck_items.items is distinct from incident_items.items
    or incident_items.items is distinct from incident_items.entities
    or incident_items.items is distinct from incident_items.in_incidents
