-- What the detections found, in one list. Without a WITH clause, as whatever reads it: PostgreSQL copies a CTE with all
-- that is in it before it plans, and each of these is a tree of views. What no point of the system needs is left out:
-- it would be planned as well. In a cluster, what the last check found.
{% if is_distributed() %}
select {{ item_columns() }} from {{ own_schema() }}.kept_items
{% else %}
{% for detection in detections_in_use() %}
select {{ item_columns() }} from {{ ref(detection) }}
{{ 'union all' if not loop.last }}
{% else %}
select {{ item_columns() }} from {{ ref('stale_jobs') }}
{% endfor %}
{% endif %}
