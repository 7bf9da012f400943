-- One row per enabled point, always, with its verdict: the gate, the expectations, alerts and dashboards all read this.
select
    registry.accumulation_point,
    registry.level,
    case
        when watched.problems is not null then 'unknown'
        when registry.evidence = 'snapshot' and not evidence.is_usable then 'unknown'
        when stuck.items > registry.max_count::bigint then 'breached'
        when coalesce(stuck.problem, unproven.problems) is not null then 'unknown'
        else 'ok'
    end as state,
    coalesce(stuck.items, 0) as stuck_count,
    registry.max_count::bigint as max_count,
    stuck.oldest_stuck_since,
    {{ seconds_since('stuck.oldest_stuck_since') }} as oldest_age_seconds,
    registry.severity,
    registry.remedy,
    case registry.evidence
        when 'snapshot' then evidence.observed_at
        else {{ looked_at() }}
    end as evidence_at,
    case
        when watched.problems is not null then watched.problems
        when registry.evidence = 'snapshot' and not evidence.is_usable
            then
                concat(
                    'no whole snapshot of the queues that is fresh, the last one is of ',
                    {{ ago('evidence.observed_at') }}
                )
        when stuck.problem is not null then stuck.problem
        when stuck.items > registry.max_count::bigint and not unproven.is_part then null
        else unproven.problems
    end as evidence
from ({{ registry_values() }}) as registry (accumulation_point, level, max_count, severity, remedy, evidence)
cross join {{ ref('int_snapshot_evidence') }} as evidence
cross join (
    select string_agg(problem, '; ' order by table_name) as problems
    from {{ kept_problems() }}
) as watched
left join {{ ref('int_point_counts') }} as stuck on registry.accumulation_point = stuck.accumulation_point
left join {{ kept('int_unproven_points') }} as unproven on registry.accumulation_point = unproven.accumulation_point
where registry.accumulation_point is not null
