-- Which incident each stuck item belongs to: to one, always.
select
    incident_id,
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    stuck_since,
    cause,
    region
from {{ ref('int_item_faults') }}
