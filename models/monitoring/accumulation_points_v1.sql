-- One row per enabled point, always, with its verdict: the gate, the expectations, alerts and dashboards all read this.
-- Without a WITH clause around the items, as int_stuck_items says.
select
    registry.accumulation_point,
    registry.level,
    case
        when registry.evidence = 'snapshot' and not evidence.is_usable then 'unknown'
        when stuck.items > registry.max_count::bigint then 'breached'
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
        else {{ as_of() }}
    end as evidence_at
from ({{ registry_values() }}) as registry (accumulation_point, level, max_count, severity, remedy, evidence)
cross join {{ ref('int_snapshot_evidence') }} as evidence
left join (
    select
        accumulation_point,
        count(*) as items,
        min(stuck_since) as oldest_stuck_since
    from {{ ref('int_stuck_items') }}
    group by accumulation_point
) as stuck on registry.accumulation_point = stuck.accumulation_point
where registry.accumulation_point is not null
