{% macro unstated_schedules(ticks, table) -%}
select
    'schedule_missed' as accumulation_point,
    concat(
        'how often it ticks is not known of ', string_agg(schedule, ', ' order by schedule),
        '; say it in vars: schedules, or delete the row in {{ table }} of what is gone'
    ) as problem
from (
    select
        schedule,
        last_tick_at,
        max({{ stuck_jobs.believable('last_tick_at') }}) over () as newest_tick_at
    from {{ ticks }}
) as known
where
    coalesce(last_tick_at >= newest_tick_at - interval '31 days', true)
    and schedule not in (select stated.schedule from ({{ stuck_jobs.stated_schedules() }}) as stated (schedule, period))
having count(*) > 0
{%- endmacro %}
