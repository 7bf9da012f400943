-- The periodic tasks of which the user has said how often they run, since only their code knows. A tick whose job is
-- refused, because the one before it still waits with the same queueing lock, leaves nothing behind.
{{ config(enabled=is_system('procrastinate')) }}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
)

select
    stated.schedule,
    waiting.queue_name::text as queue_name,
    split_part(stated.schedule, '/', 1) as job_kind,
    ticks.last_tick_at,
    ticks.last_tick_at + stated.period as next_tick_at,
    false as is_paused,
    waiting.id::text as blocked_by_job,
    null::text as suspicion
from stated
left join {{ ref('base_procrastinate_ticks') }} as ticks on stated.schedule = ticks.schedule
left join lateral (
    select
        jobs.id,
        jobs.queue_name
    from {{ source('procrastinate', 'jobs') }} as jobs
    where
        jobs.status = 'todo'
        and jobs.queueing_lock is not null
        and jobs.task_name = split_part(stated.schedule, '/', 1)
    order by jobs.id
    limit 1
) as waiting on true
