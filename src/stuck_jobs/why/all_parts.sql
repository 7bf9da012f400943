-- The same of all jobs, closed ones too: a reading of the whole table, which is given little time.
with jobs as (
    select
        job_id,
        jobspec_id,
        jobspec_id = %(part)s as is_exact
    from {schema}.stg_jobs
    where strpos(lower(jobspec_id), lower(%(part)s)) > 0
    order by is_exact desc
    limit %(most)s
)

select
    job_id as key,
    left(coalesce(jobspec_id, job_id::text), 200) as name,
    is_exact
from jobs
order by is_exact desc, name
