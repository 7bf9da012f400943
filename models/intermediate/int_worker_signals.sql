-- Whether a worker still holds the job that it works on; NULL where no snapshot proves it either way. A Redis that has
-- lost a lock proves nothing until the worker that had it must be done, nor does a snapshot that began before the job
-- was claimed, whatever the worker's clock says. Where no snapshot can be relied on, no job is read.
select
    jobs.job_id,
    jobs.jobspec_id,
    jobs.status,
    jobs.updated_at,
    case
        when evidence.is_usable and evidence.observed_at > greatest(jobs.created_at, jobs.updated_at)
            then
                case
                    when locks.jobspec_id is not null then true
                    when evidence.knows_claims and claims.jobspec_id is null then null
                    when evidence.whole_since is null then false
                    when evidence.whole_since < greatest(jobs.created_at, jobs.updated_at) then false
                    when evidence.whole_since < evidence.observed_at - {{ max_age('job_interrupted') }} then false
                end
    end as is_held,
    evidence.is_untrusted
    or (
        evidence.is_usable
        and evidence.observed_at > greatest(jobs.created_at, jobs.updated_at)
        and (evidence.knows_claims and claims.jobspec_id is null) is not true
    ) as is_proof_missing
from {{ ref('stg_jobs') }} as jobs
cross join {{ ref('int_snapshot_evidence') }} as evidence
left join {{ ref('int_current_locks') }} as locks on jobs.jobspec_id = locks.jobspec_id
left join {{ ref('stg_jobs_at_work') }} as claims
    on
        evidence.last_snapshot_id = claims.snapshot_id
        and jobs.jobspec_id = claims.jobspec_id
        and claims.updated_at is not distinct from extract(epoch from jobs.updated_at)
where jobs.status in ('processing', 'running') and (evidence.is_usable or evidence.is_untrusted)
