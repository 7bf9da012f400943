-- Jobs that the portal shows wrongly: live though all of their work has ended, or closed though some of it has not.
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
    job_status,
    executions_open,
    executions_finished,
    last_execution_at
from {{ ref('int_status_mismatches') }}
where not is_beyond
