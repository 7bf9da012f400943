-- A point that is missing from the summary, or is there twice, would make a gate say nothing or the wrong thing.
-- Passes if each enabled point of the registry has exactly one row. Fails with the points that have not. As the gate
-- does, it judges in a build what the history has just been told.
with accumulation_points as (
    select verdicts.* from {{ verdicts(ref('accumulation_points'), ref('accumulation_history')) }} as verdicts
),

registry (accumulation_point, level, max_count, severity, remedy, evidence) as (
    {{ registry_values() }}
),

counted as (
    select
        coalesce(registry.accumulation_point, accumulation_points.accumulation_point) as accumulation_point,
        count(registry.accumulation_point) as registered,
        count(accumulation_points.accumulation_point) as summarised
    from registry
    full join accumulation_points on registry.accumulation_point = accumulation_points.accumulation_point
    group by 1
)

select
    accumulation_point,
    registered,
    summarised
from counted
where accumulation_point is not null and (registered != 1 or summarised != 1)
