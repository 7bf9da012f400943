-- One row per enabled point, always, with its verdict: the gate, the expectations, alerts and dashboards all read this.
-- stuck_items is read without an import CTE, as stuck_items itself reads the detections.
with snapshot_evidence as (
    select * from {{ ref('int_snapshot_evidence') }}
),

registry (accumulation_point, level, max_count, severity, remedy, evidence) as (
    {{ registry_values() }}
),

stuck as (
    select
        accumulation_point,
        count(*) as stuck_count,
        min(stuck_since) as oldest_stuck_since
    from {{ ref('stuck_items') }}
    group by accumulation_point
),

measured as (
    select
        registry.*,
        coalesce(stuck.stuck_count, 0) as stuck_count,
        stuck.oldest_stuck_since,
        case registry.evidence
            when 'snapshot' then snapshot_evidence.observed_at
            else {{ as_of() }}
        end as evidence_at,
        registry.evidence = 'database' or snapshot_evidence.is_usable as is_known
    from registry
    cross join snapshot_evidence
    left join stuck on registry.accumulation_point = stuck.accumulation_point
    where registry.accumulation_point is not null
)

select
    accumulation_point,
    level,
    case
        when not is_known then 'unknown'
        when stuck_count > max_count::bigint then 'breached'
        else 'ok'
    end as state,
    stuck_count,
    max_count::bigint as max_count,
    oldest_stuck_since,
    {{ seconds_since('oldest_stuck_since') }} as oldest_age_seconds,
    severity,
    remedy,
    evidence_at
from measured
