-- The schedules. A run that dies leaves its row picked, with the next run moved on already and a heartbeat that grows
-- old; one that lasts longer than the period lets ticks pass by, and beats; and the row of a schedule that is in the
-- code no more stays as one that nobody runs.
{{ config(enabled=is_system('pgqueuer')) }}

select
    concat_ws('/', entrypoint, expression) as schedule,
    null::text as queue_name,
    entrypoint as job_kind,
    last_run as last_tick_at,
    case
        when status = 'picked' and heartbeat < {{ as_of() }} - interval '30 seconds' then least(next_run, heartbeat)
        else next_run
    end as next_tick_at,
    false as is_paused,
    null::text as blocked_by_job,
    case
        when status = 'picked' and heartbeat < {{ as_of() }} - interval '30 seconds' then 'previous_run_died'
        when status = 'picked' then 'previous_run_working'
        else 'not_ticked_or_removed'
    end as suspicion
from {{ source('pgqueuer', 'schedules') }}
