-- What the detections found, in one list. Without a WITH clause, as whatever reads it: PostgreSQL copies a CTE with all
-- that is in it before it plans, and each of these is a tree of views. What no point of the system needs is left out:
-- it would be planned as well.
{% set enabled = enabled_points() %}
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
select {{ item_columns() }} from {{ ref('int_failing_executions') }}
{% if not execute or "'job_blocked'" in enabled %}
union all
select {{ item_columns() }} from {{ ref('blocked_jobs') }}
{% endif %}
union all
select {{ item_columns() }} from {{ ref('unserved_queues') }}
{% if not execute or "'conductor_dead'" in enabled %}
union all
select {{ item_columns() }} from {{ ref('silent_conductors') }}
{% endif %}
{% if not execute or "'schedule_missed'" in enabled %}
union all
select {{ item_columns() }} from {{ ref('missed_schedules') }}
{% endif %}
{% if not execute or "'job_expiring'" in enabled %}
union all
select {{ item_columns() }} from {{ ref('expiring_jobs') }}
{% endif %}
union all
select {{ item_columns() }} from {{ ref('stalled_pipeline') }}
