-- A job at work has a lock, one that waits after its message was published has that message; of the latest ones. The
-- ids are taken out of the payloads' text, which may be no JSON that PostgreSQL reads.
with messages as (
    select payload::text as payload
    from {outbox}
    where published_at is not null
    order by id desc
    limit %(sample)s
),

published as (
    select ids.name[1] as name
    from messages
    cross join lateral regexp_matches(messages.payload, '"(?:jobspec_)?id"\s*:\s*"([^"\\]*)"', 'g') as ids (name)
),

expected as (
    (
        select jobspec_id from {jobs}
        where status::text in ('processing', 'running')
        order by id desc
        limit %(sample)s
    )
    union all
    select jobs.jobspec_id from {jobs} as jobs
    where jobs.status::text in ('created', 'queued') and jobs.jobspec_id in (select published.name from published)
)

select
    (select count(*) from expected) as expected,
    (select count(*) from {jobs} where jobspec_id = any(%(names)s::text[])) as found
