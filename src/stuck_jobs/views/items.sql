select
    {item_columns}
from {schema}.stuck_items
order by age_seconds desc nulls last, accumulation_point, entity_id
