-- The due jobs that wait for a lock, with whoever is first in the line for it: it works, or will be taken before them
-- though it may be due much later, or in a queue that nobody serves.
{{ config(enabled=is_system('procrastinate')) }}

with live_jobs as (
    select
        id,
        queue_name,
        task_name,
        status,
        scheduled_at,
        first_value(id) over (
            partition by lock
            order by (status = 'doing') desc, priority desc, id asc
        ) as holder_job_id
    from {{ source('procrastinate', 'jobs') }}
    where status in ('todo', 'doing') and lock is not null
)

select
    live_jobs.id as job_id,
    live_jobs.id::text as jobspec_id,
    live_jobs.queue_name::text as queue_name,
    live_jobs.task_name::text as job_kind,
    'lock' as waits_for,
    live_jobs.holder_job_id,
    greatest(
        live_jobs.scheduled_at,
        {{ last_event('live_jobs.id', ['deferred', 'deferred_for_retry', 'retried']) }}
    ) as since
from live_jobs
where
    live_jobs.holder_job_id <> live_jobs.id
    and coalesce(live_jobs.scheduled_at <= {{ as_of() }}, true)
