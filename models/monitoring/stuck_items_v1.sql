-- Everything that is stuck anywhere, in one list: what recovery acts on, and what an engineer reads first.
with stale_jobs as (
    select * from {{ ref('stale_jobs') }}
),

unpublished_outbox as (
    select * from {{ ref('unpublished_outbox') }}
),

queue_backlog as (
    select * from {{ ref('queue_backlog') }}
),

dead_letters as (
    select * from {{ ref('dead_letters') }}
),

queue_mismatches as (
    select * from {{ ref('queue_mismatches') }}
),

overfull_queues as (
    select * from {{ ref('int_overfull_queues') }}
),

lost_workers as (
    select * from {{ ref('lost_workers') }}
),

interrupted_jobs as (
    select * from {{ ref('interrupted_jobs') }}
),

repeated_recoveries as (
    select * from {{ ref('repeated_recoveries') }}
),

status_mismatches as (
    select * from {{ ref('status_mismatches') }}
),

provider_failures as (
    select * from {{ ref('provider_failures') }}
),

stalled_pipeline as (
    select * from {{ ref('stalled_pipeline') }}
),

missing_executions as (
    select * from {{ ref('missing_executions') }}
),

stuck_executions as (
    select * from {{ ref('stuck_executions') }}
),

registry (accumulation_point, level, max_count, severity, remedy, evidence) as (
    {{ registry_values() }}
),

items as (
    select {{ item_columns() }} from stale_jobs
    union all
    select {{ item_columns() }} from unpublished_outbox
    union all
    select {{ item_columns() }} from queue_backlog
    union all
    select {{ item_columns() }} from overfull_queues
    union all
    select {{ item_columns() }} from dead_letters
    union all
    select {{ item_columns() }} from queue_mismatches
    union all
    select {{ item_columns() }} from missing_executions
    union all
    select {{ item_columns() }} from stuck_executions
    union all
    select {{ item_columns() }} from lost_workers
    union all
    select {{ item_columns() }} from interrupted_jobs
    union all
    select {{ item_columns() }} from repeated_recoveries
    union all
    select {{ item_columns() }} from status_mismatches
    union all
    select {{ item_columns() }} from provider_failures
    union all
    select {{ item_columns() }} from stalled_pipeline
)

select
    items.*,
    registry.level,
    registry.severity,
    registry.remedy
from items
inner join registry on items.accumulation_point = registry.accumulation_point
