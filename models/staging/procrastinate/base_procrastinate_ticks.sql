-- The periodic tasks with their last ticks, as vars: schedules names them. A tick of the future is not the last one.
{{ config(enabled=is_system('procrastinate')) }}

select
    schedule,
    max(ticked_at) filter (where ticked_at <= {{ latest_of_a_job() }}) as last_tick_at
from (
    select
        concat_ws('/', task_name, nullif(periodic_id, '')) as schedule,
        {{ from_epoch_ms('defer_timestamp * 1000.0') }} as ticked_at
    from {{ source('procrastinate', 'periodic_defers') }}
) as ticks
group by schedule
