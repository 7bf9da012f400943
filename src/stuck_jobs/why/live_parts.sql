-- Jobs that are live and have this in their name, of which there are few even where the history is long.
with live_jobs as (
    select
        job_id,
        jobspec_id,
        jobspec_id = %(part)s as is_exact
    from {schema}.int_live_jobs
    where strpos(lower(jobspec_id), lower(%(part)s)) > 0
    order by is_exact desc
    limit %(most)s
)

select
    job_id as key,
    left(coalesce(jobspec_id, job_id::text), 200) as name,
    is_exact
from live_jobs
order by is_exact desc, name
