select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    cause,
    queue_name,
    job_kind,
    left(evidence, 500) as evidence,
    case when stuck_since between '0002-01-01' and '9998-12-31' then stuck_since end as stuck_since,
    age_seconds,
    remedy,
    new_status,
    topic,
    recoveries,
    fingerprint,
    is_automatic,
    refusal
from {schema}.int_recovery_plan
where %(jobs)s::text[] is null or jobspec_id = any(%(jobs)s)
