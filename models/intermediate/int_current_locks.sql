-- The jobs on which a worker held its lock when Redis was last looked at.
select
    locks.jobspec_id,
    locks.expires_at
from {{ ref('stg_job_locks') }} as locks
inner join {{ ref('int_snapshot_evidence') }} as evidence on locks.snapshot_id = evidence.last_snapshot_id
where evidence.is_usable
