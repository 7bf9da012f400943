-- Whether a worker still holds the job that it works on; NULL where no snapshot proves it either way.
select
    jobs.job_id,
    jobs.jobspec_id,
    jobs.status,
    jobs.updated_at,
    case
        when evidence.is_usable and evidence.observed_at > greatest(jobs.created_at, jobs.updated_at)
            then locks.jobspec_id is not null
    end as is_held
from {{ ref('stg_jobs') }} as jobs
cross join {{ ref('int_snapshot_evidence') }} as evidence
left join {{ ref('int_current_locks') }} as locks on jobs.jobspec_id = locks.jobspec_id
where jobs.status in ('processing', 'running')
