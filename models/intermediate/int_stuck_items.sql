-- What the detections found, in one list. Without a WITH clause, as whatever reads it: PostgreSQL copies a CTE with all
-- that is in it before it plans, and each of these is a tree of views.
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
