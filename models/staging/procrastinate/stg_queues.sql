-- The queues in which something waits, with when a job was last taken from each. Workers do not say which queues they
-- serve, so that all that live may serve any.
{{ config(enabled=is_system('procrastinate')) }}
{% set begin = as_of() ~ ' - ' ~ max_age('queue_unserved') %}

with waiting as (
    select distinct queue_name
    from {{ source('procrastinate', 'jobs') }}
    where status = 'todo'
),

recently_taken as (
    select
        jobs.queue_name,
        max(events.at) as last_taken_at
    from {{ source('procrastinate', 'events') }} as events
    inner join {{ source('procrastinate', 'jobs') }} as jobs on events.job_id = jobs.id
    where
        events.type = 'started'
        and events.at between {{ begin }} and {{ latest_plausible() }}
        and events.id >= {{ first_id_since(source('procrastinate', 'events'), begin, undated=['scheduled']) }}
    group by jobs.queue_name
)

select
    waiting.queue_name::text as queue_name,
    recently_taken.last_taken_at,
    (
        select count(*) from {{ source('procrastinate', 'workers') }} as workers
        where workers.last_heartbeat between {{ as_of() }} - interval '30 seconds' and {{ latest_plausible() }}
    ) as living_workers
from waiting
left join recently_taken on waiting.queue_name = recently_taken.queue_name
