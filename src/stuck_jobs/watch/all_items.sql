select
    {item_columns},
    incident_id,
    case when stuck_since between '0002-01-01' and '9998-12-31' then stuck_since end as stuck_since,
    region
from {schema}.incident_items_v1
order by age_seconds desc nulls last, accumulation_point, entity_id
