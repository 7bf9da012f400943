select accumulation_point, entity_type, entity_id, jobspec_id, status, age_seconds, cause,
    queue_name, job_kind, left(evidence, 500) as evidence
from {schema}.stuck_items
order by age_seconds desc nulls last, accumulation_point, entity_id
