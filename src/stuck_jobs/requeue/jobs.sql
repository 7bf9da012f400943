with asked as (
    select distinct asked.jobspec_id from unnest(%(jobs)s::text[]) as asked (jobspec_id)
),

recoveries as (
    select
        recoveries.jobspec_id,
        count(*) as times,
        max(recoveries.recovered_at) as last_at
    from {log} as recoveries
    where
        recoveries.outcome = 'applied'
        and recoveries.remedy in ('republish', 'reset', 'requeue')
        and recoveries.jobspec_id in (select asked.jobspec_id from asked)
    group by recoveries.jobspec_id
)

select
    asked.jobspec_id,
    jobs.jobspec_id is not null as exists,
    jobs.status,
    coalesce(recoveries.times, 0) as recoveries,
    coalesce(
        clock_timestamp() < recoveries.last_at
        + make_interval(secs => 60 * %(backoff)s::float8 * power(2, least(recoveries.times - 1, 20))),
        false
    ) as was_just_recovered,
    exists (
        select from {schema}.stg_outbox as outbox
        where outbox.source_published_at is null and outbox.jobspec_id = asked.jobspec_id
    ) as is_unpublished,
    md5(jobs::text) as fingerprint
from asked
left join {schema}.stg_jobs as jobs on asked.jobspec_id = jobs.jobspec_id
left join recoveries on asked.jobspec_id = recoveries.jobspec_id
