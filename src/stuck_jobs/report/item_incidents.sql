-- Which incident each item belongs to.
select
    incident_id,
    accumulation_point,
    left(entity_id, %(max_length)s) as entity_id,
    region
from {schema}.incident_items_v1
limit %(most)s
