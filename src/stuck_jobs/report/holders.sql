-- Who holds what now, whoever has been silent for the longest first.
select
    left(holder_id, %(max_length)s) as holder,
    count(*) as jobs,
    (array_agg(left(jobspec_id, %(max_length)s) order by held_since, jobspec_id))[1:3] as oldest,
    extract(epoch from now() - min(held_since))::bigint as longest_seconds,
    extract(epoch from now() - max(last_beat_at))::bigint as silent_seconds,
    bool_or(lock_expires_at is not null) as has_locks
from {schema}.held_jobs_v1
group by holder_id
order by max(last_beat_at) nulls first, count(*) desc, holder_id
limit %(holders)s
