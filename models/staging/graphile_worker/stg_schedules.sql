-- The lines of the crontab of which the user has said how often they run, since only the code knows. One that has not
-- ticked yet, or did so in the future, is known since the start of the worker that first had it. Removed lines stay,
-- and are not asked for.
{{ config(enabled=is_system('graphile_worker')) }}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
),

known_crontabs as (
    select
        identifier,
        known_since,
        case when last_execution <= {{ latest_of_a_job() }} then last_execution end as last_execution
    from {{ source('graphile_worker', 'known_crontabs') }}
)

select
    stated.schedule,
    null::text as queue_name,
    null::text as job_kind,
    known_crontabs.last_execution as last_tick_at,
    coalesce(known_crontabs.last_execution, known_crontabs.known_since) + stated.period as next_tick_at,
    false as is_paused,
    null::text as blocked_by_job,
    null::text as suspicion
from stated
left join known_crontabs on stated.schedule = known_crontabs.identifier
