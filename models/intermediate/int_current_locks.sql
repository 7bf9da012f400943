-- The jobs on which a worker held its lock when Redis was last looked at.
with locks as (
    select * from {{ ref('stg_job_locks') }}
),

evidence as (
    select * from {{ ref('int_snapshot_evidence') }}
)

select
    locks.jobspec_id,
    locks.expires_at
from locks
inner join evidence on locks.snapshot_id = evidence.last_snapshot_id
where evidence.is_usable
