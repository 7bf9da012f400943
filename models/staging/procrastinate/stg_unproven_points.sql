-- What can be told neither way now: whether a periodic task ticks of which nobody has said how often. The row of one
-- that was removed stays; it is taken for gone when others went on for a month without it.
{{ config(enabled=is_system('procrastinate')) }}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
),

ticks as (
    select
        schedule,
        last_tick_at,
        max({{ believable('last_tick_at') }}) over () as newest_tick_at
    from {{ ref('base_procrastinate_ticks') }}
)

select
    'schedule_missed' as accumulation_point,
    concat(
        'how often it ticks is not known of ', string_agg(schedule, ', ' order by schedule),
        '; say it in vars: schedules, or delete the row in procrastinate_periodic_defers of what is gone'
    ) as problem
from ticks
where
    coalesce(last_tick_at >= newest_tick_at - interval '31 days', true)
    and schedule not in (select stated.schedule from stated)
having count(*) > 0
