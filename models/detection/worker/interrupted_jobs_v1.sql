-- Jobs that were cut off half-way, by the timeout of their context or with their worker: some regions are whole, others
-- have gaps.
select
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
    evidence,
    job_id,
    regions_complete,
    regions_incomplete
from {{ ref('int_interrupted_jobs') }}
where not is_beyond
