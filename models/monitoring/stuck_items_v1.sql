-- Everything that is stuck anywhere, in one list: what recovery acts on, and what an engineer reads first.
-- The detections are read without import CTEs: PostgreSQL copies a CTE with all that is in it before it plans, and
-- each of these is a tree of views.
with registry (accumulation_point, level, max_count, severity, remedy, evidence) as (
    {{ registry_values() }}
),

items as (
    select {{ item_columns() }} from {{ ref('stale_jobs') }}
    union all
    select {{ item_columns() }} from {{ ref('unpublished_outbox') }}
    union all
    select {{ item_columns() }} from {{ ref('queue_backlog') }}
    union all
    select {{ item_columns() }} from {{ ref('int_overfull_queues') }}
    union all
    select {{ item_columns() }} from {{ ref('dead_letters') }}
    union all
    select {{ item_columns() }} from {{ ref('queue_mismatches') }}
    union all
    select {{ item_columns() }} from {{ ref('missing_executions') }}
    union all
    select {{ item_columns() }} from {{ ref('stuck_executions') }}
    union all
    select {{ item_columns() }} from {{ ref('lost_workers') }}
    union all
    select {{ item_columns() }} from {{ ref('interrupted_jobs') }}
    union all
    select {{ item_columns() }} from {{ ref('repeated_recoveries') }}
    union all
    select {{ item_columns() }} from {{ ref('status_mismatches') }}
    union all
    select {{ item_columns() }} from {{ ref('provider_failures') }}
    union all
    select {{ item_columns() }} from {{ ref('stalled_pipeline') }}
)

select
    items.*,
    registry.level,
    registry.severity,
    registry.remedy
from items
inner join registry on items.accumulation_point = registry.accumulation_point
