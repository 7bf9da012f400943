-- Everything that is stuck anywhere, in one list: what recovery acts on, and what an engineer reads first.
select
    items.*,
    registry.level,
    registry.severity,
    registry.remedy
from {{ ref('int_stuck_items') }} as items
inner join ({{ registry_values() }}) as registry (accumulation_point, level, max_count, severity, remedy, evidence)
    on items.accumulation_point = registry.accumulation_point
