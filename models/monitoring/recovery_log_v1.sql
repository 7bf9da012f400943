-- Who changed what in the pipeline, when and why: the audit trail of `stuck-jobs recover`, `requeue` and `heal`.
with recoveries as (
    select * from {{ ref('stg_recovery_log') }}
)

select
    recovery_id,
    recovered_at,
    actor,
    run_id,
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    cause,
    remedy,
    outcome,
    reason,
    before,
    after
from recoveries
