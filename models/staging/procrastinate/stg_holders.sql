-- The jobs that are worked on, with their workers' heartbeats. A worker that is told to stop beats no more and works
-- on; the row of one that fell silent is removed when another one starts.
{{ config(enabled=is_system('procrastinate')) }}

select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'running' as status,
    jobs.queue_name::text as queue_name,
    jobs.task_name::text as job_kind,
    workers.id::text as holder_id,
    workers.last_heartbeat as last_beat_at,
    {{ last_event('jobs.id', ['started']) }} as started_at,
    interval '30 seconds' as dead_after,
    -- a retry that another job's queueing lock refuses leaves its job as it was, for ever
    case
        when exists (
            select 1 from {{ source('procrastinate', 'jobs') }} as others
            where others.queueing_lock = jobs.queueing_lock and others.status = 'todo'
        ) then 'retry_collided'
    end as suspicion,
    null::text as loss,
    false as is_free,
    null::text as evidence,
    null::interval as lost_after,
    null::text as no_remedy
from {{ source('procrastinate', 'jobs') }} as jobs
left join {{ source('procrastinate', 'workers') }} as workers on jobs.worker_id = workers.id
where jobs.status = 'doing'
