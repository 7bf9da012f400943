-- The jobs that are worked on, with how often they were picked since they were last queued. Whoever takes a job over
-- from a dead worker writes the dates of the row anew, so that the first pick in the log is the true start.
{{ config(enabled=is_system('pgqueuer')) }}

select
    jobs.id::bigint as job_id,
    jobs.entrypoint,
    jobs.queue_manager_id,
    jobs.created as created_at,
    jobs.updated as updated_at,
    jobs.heartbeat as last_beat_at,
    jobs.attempts::bigint as attempts,
    least(jobs.updated, picks.first_picked_at) as started_at,
    picks.first_picked_at,
    picks.last_picked_at,
    picks.times_picked
from {{ source('pgqueuer', 'jobs') }} as jobs
left join lateral (
    select
        count(*) as times_picked,
        min(entries.created) as first_picked_at,
        max(entries.created) as last_picked_at
    from {{ source('pgqueuer', 'log') }} as entries
    where
        entries.job_id = jobs.id
        and entries.status = 'picked'
        and entries.id > coalesce((
            select max(queued.id) from {{ source('pgqueuer', 'log') }} as queued
            where queued.job_id = jobs.id and queued.status = 'queued'
        ), 0)
) as picks on true
where jobs.status = 'picked'
