-- The jobs that are worked on. Workers do not beat, and a pool that drains listens no more: a lock says who took the
-- job, and nothing says whether that one lives, until the system itself takes the lock for void.
{{ config(enabled=is_system('graphile_worker')) }}

with locked as (
    select
        jobs.id,
        jobs.task_id,
        jobs.job_queue_id,
        jobs.locked_at,
        jobs.locked_by,
        sessions.has_listener,
        sessions.problem,
        jobs.locked_at < {{ as_of() }} - interval '4 hours 15 minutes' as is_expired
    from {{ source('graphile_worker', 'jobs') }} as jobs
    cross join {{ ref('base_worker_sessions') }} as sessions
    where jobs.locked_at is not null
),

behind as (
    select
        job_queue_id,
        count(*) as jobs
    from {{ source('graphile_worker', 'jobs') }}
    where is_available and job_queue_id is not null and run_at <= {{ as_of() }}
    group by job_queue_id
)

select
    locked.id as job_id,
    locked.id::text as jobspec_id,
    'running' as status,
    job_queues.queue_name,
    tasks.identifier as job_kind,
    locked.locked_by as holder_id,
    null::timestamptz as last_beat_at,
    locked.locked_at as started_at,
    null::interval as dead_after,
    null::text as suspicion,
    case
        when locked.is_expired then 'lock_expired'
        when
            not locked.has_listener and locked.problem is null
            and locked.locked_at < {{ as_of() }} - {{ max_age('worker_lost') }}
            then 'nobody_listens'
    end as loss,
    locked.is_expired as is_free,
    concat(
        'taken ', {{ ago('locked.locked_at') }}, ' by ', locked.locked_by,
        case
            when locked.is_expired then ', whose lock is void after 4 h'
            when locked.problem is null and not locked.has_listener then ', and no pool of workers listens'
        end,
        ', ' || behind.jobs || ' due jobs wait behind it in its queue'
    ) as evidence,
    null::interval as lost_after,
    null::text as no_remedy
from locked
left join {{ source('graphile_worker', 'tasks') }} as tasks on locked.task_id = tasks.id
left join {{ source('graphile_worker', 'job_queues') }} as job_queues on locked.job_queue_id = job_queues.id
left join behind on locked.job_queue_id = behind.job_queue_id
