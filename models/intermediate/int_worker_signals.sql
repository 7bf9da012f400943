-- Whether a worker still holds the job that it works on; NULL where no snapshot proves it either way.
with jobs as (
    select * from {{ ref('stg_jobs') }}
),

locks as (
    select * from {{ ref('int_current_locks') }}
),

evidence as (
    select * from {{ ref('int_snapshot_evidence') }}
),

worked_on as (
    select * from jobs
    where status in ('processing', 'running')
)

select
    worked_on.job_id,
    worked_on.jobspec_id,
    worked_on.status,
    worked_on.updated_at,
    case
        when evidence.is_usable and evidence.observed_at > greatest(worked_on.created_at, worked_on.updated_at)
            then locks.jobspec_id is not null
    end as is_held
from worked_on
cross join evidence
left join locks on worked_on.jobspec_id = locks.jobspec_id
