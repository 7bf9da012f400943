-- The stuck items with the incident that each belongs to: to one, always.
select
    {{ incident_id('kind', 'scope') }} as incident_id,
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    stuck_since,
    age_seconds,
    threshold_seconds,
    cause,
    queue_name,
    job_kind,
    region,
    error,
    evidence
from {{ ref('int_item_faults') }}
