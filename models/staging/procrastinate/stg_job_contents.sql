-- What must be unchanged of a job when somebody acts on it: its row without the arguments, its events, and the
-- heartbeat of its worker.
{{ config(enabled=is_system('procrastinate')) }}

select
    jobs.id as job_id,
    concat_ws(
        ' ',
        jobs.status, jobs.attempts, jobs.scheduled_at, jobs.abort_requested, jobs.worker_id, jobs.queue_name, jobs.lock,
        (
            select max(events.id) from {{ source('procrastinate', 'events') }} as events
            where events.job_id = jobs.id
        ),
        (
            select workers.last_heartbeat from {{ source('procrastinate', 'workers') }} as workers
            where workers.id = jobs.worker_id
        )
    ) as content
from {{ source('procrastinate', 'jobs') }} as jobs
