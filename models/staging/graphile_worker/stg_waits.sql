-- The first job of each named queue that is locked for a job which is not: it was removed or completed by hand, which
-- leaves the lock. Behind a job that is worked on, that one is the item, and not the hundred that wait for it.
{{ config(enabled=is_system('graphile_worker')) }}

with left_locked as (
    select
        id,
        queue_name,
        locked_at
    from {{ source('graphile_worker', 'job_queues') }} as job_queues
    where
        locked_at is not null
        and not exists (
            select 1 from {{ source('graphile_worker', 'jobs') }} as jobs
            where jobs.job_queue_id = job_queues.id and jobs.locked_at is not null
        )
)

select distinct on (left_locked.id)
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    left_locked.queue_name,
    tasks.identifier as job_kind,
    'lock' as waits_for,
    null::bigint as holder_job_id,
    greatest(jobs.created_at, jobs.run_at, left_locked.locked_at) as since
from left_locked
inner join {{ source('graphile_worker', 'jobs') }} as jobs on left_locked.id = jobs.job_queue_id
left join {{ source('graphile_worker', 'tasks') }} as tasks on jobs.task_id = tasks.id
where jobs.is_available and jobs.run_at <= {{ as_of() }}
order by left_locked.id, jobs.priority, jobs.run_at, jobs.id
