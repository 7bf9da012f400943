-- The job at the beginning of the line that this one stands in.
select
    waits.waits_for,
    waits.holder_job_id::text as holder_job_id,
    holders.status as holder_status
from {schema}.stg_waits as waits
left join lateral (
    select jobs.status from {schema}.stg_jobs as jobs
    where jobs.job_id = waits.holder_job_id
    limit 1
) as holders on true
where waits.job_id = %(key)s
limit 1
