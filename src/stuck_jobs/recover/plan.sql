select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    cause,
    stuck_since,
    age_seconds,
    remedy,
    new_status,
    topic,
    recoveries,
    fingerprint,
    is_automatic,
    refusal
from {schema}.int_recovery_plan
