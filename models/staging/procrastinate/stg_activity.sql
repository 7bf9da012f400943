-- When anything last happened to a job. An event of type scheduled is dated when its job is due, which may be any time.
{{ config(enabled=is_system('procrastinate')) }}

with newest_events as (
    select
        type,
        at
    from {{ source('procrastinate', 'events') }}
    order by id desc
    limit 1000
)

select
    max(at) filter (where at <= {{ as_of() }}) as last_write_at,
    max(at) filter (
        where at <= {{ as_of() }} and type in ('started', 'deferred_for_retry', 'succeeded', 'failed', 'aborted')
    ) as last_work_at,
    false as running_jobs_write
from newest_events
where type <> 'scheduled'
