-- The incidents of each stuck item. Whoever asks for those of one job has what broke found once, and not once for the
-- job's items and again for the incidents.
with item_faults as materialized (
    select * from {{ ref('int_item_faults') }}
),

incidents as (
    {{ incidents_of('item_faults') | indent(4) }}
)

select
    item_faults.entity_type,
    item_faults.entity_id,
    item_faults.jobspec_id,
    incidents.*
from item_faults
inner join incidents on item_faults.kind = incidents.kind and item_faults.scope = incidents.scope
