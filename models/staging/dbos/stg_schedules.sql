-- The schedules whose period is known. Where nobody stated it, a tick may be late by as much again: a period that was
-- seen is not always the next one.
{{ config(enabled=is_system('dbos')) }}

select
    schedule_name as schedule,
    queue_name,
    workflow_name as job_kind,
    last_tick_at,
    case
        when stated_period is not null then last_tick_at + stated_period
        when last_tick_at < {{ as_of() }} - longest_pause * 2 then last_tick_at + longest_pause
        else greatest(last_tick_at + longest_pause, {{ as_of() }})
    end as next_tick_at,
    coalesce(status = 'PAUSED', false) as is_paused,
    null::text as blocked_by_job,
    null::text as suspicion
from {{ ref('base_dbos_schedules') }}
where stated_period is not null or (longest_pause is not null and last_tick_at is not null)
