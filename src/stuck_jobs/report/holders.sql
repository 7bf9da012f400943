-- Who holds what now: workers by their own rows, or by their locks in Redis, which name none.
with held as (
    select
        coalesce(holder_id, 'a worker whose row is gone') as holder,
        jobspec_id,
        started_at,
        last_beat_at
    from {schema}.stg_holders
    union all
    select
        'workers, by their locks' as holder,
        locks.jobspec_id,
        jobs.updated_at as started_at,
        null as last_beat_at
    from {schema}.int_current_locks as locks
    left join {schema}.stg_jobs as jobs on locks.jobspec_id = jobs.jobspec_id
)

select
    left(holder, %(max_length)s) as holder,
    count(*) as jobs,
    (array_agg(left(jobspec_id, %(max_length)s) order by started_at, jobspec_id))[1:3] as oldest,
    extract(epoch from now() - min(started_at))::bigint as longest_seconds,
    extract(epoch from now() - max(last_beat_at))::bigint as silent_seconds
from held
group by holder
order by max(last_beat_at) nulls first, count(*) desc, holder
limit %(holders)s
