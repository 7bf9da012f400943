-- Schedules of which a tick is due and no job was made for it: nobody misses work that was never created.
with schedules as (
    select * from {{ ref('stg_schedules') }}
),

missed as (
    select * from schedules
    where
        is_paused is not true
        and coalesce(next_tick_at < {{ as_of() }} - {{ max_age('schedule_missed') }}, true)
)

select
    'schedule_missed' as accumulation_point,
    'schedule' as entity_type,
    schedule as entity_id,
    null::text as jobspec_id,
    'missed' as status,
    {{ believable('next_tick_at') }} as stuck_since,
    {{ seconds_since(believable('next_tick_at')) }} as age_seconds,
    extract(epoch from {{ max_age('schedule_missed') }})::bigint as threshold_seconds,
    case
        when blocked_by_job is not null then 'previous_run_waiting'
        when suspicion is not null then suspicion
        when last_tick_at is null then 'never_ticked'
        else 'not_ticked'
    end as cause,
    queue_name,
    job_kind,
    concat(
        'last tick ', case when last_tick_at is null then 'never' else {{ ago('last_tick_at') }} end,
        case when next_tick_at is not null then concat(', the next was due ', {{ ago('next_tick_at') }}) end,
        ', its job ' || blocked_by_job || ' still waits'
    ) as evidence,
    schedule,
    last_tick_at,
    next_tick_at
from missed
where 'schedule_missed' in {{ enabled_points() }}
