-- The queues that were declared, with what keeps their jobs waiting and rightly so: a pause, a rate limit that is used
-- up until its window ends, or workers that live and are all as busy as they may be.
{{ config(enabled=is_system('chancy')) }}

with running as (
    select
        queue,
        taken_by,
        count(*) as jobs
    from {{ source('chancy', 'jobs') }}
    where state = 'running'
    group by queue, taken_by
),

serving as (
    select
        queues.name as queue_name,
        bool_and(coalesce(running.jobs >= queues.concurrency, false)) as is_full
    from {{ source('chancy', 'queues') }} as queues
    inner join {{ ref('base_chancy_workers') }} as workers on workers.is_alive and workers.queues ? queues.name
    left join running on queues.name = running.queue and workers.worker_id = running.taken_by
    group by queues.name
)

select
    queues.name as queue_name,
    coalesce(queues.state = 'paused' and coalesce(queues.resume_at > {{ as_of() }}, true), false) as is_paused,
    case when queues.state = 'paused' then queues.resume_at end as paused_until,
    case
        when limits.taken >= queues.rate_limit then to_timestamp(limits.window_start + queues.rate_limit_window)
    end as limited_until,
    serving.queue_name is not null as is_served,
    coalesce(serving.is_full, false) as is_full
from {{ source('chancy', 'queues') }} as queues
left join {{ ref('base_chancy_rate_limits') }} as limits on queues.name = limits.queue_name
left join serving on queues.name = serving.queue_name
