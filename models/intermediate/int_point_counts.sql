-- How many items each point has, and since when the oldest. By a function, whose queries PostgreSQL plans once in a
-- session: that is a third of the time that they take. A branch says of which points its view can speak, so that who
-- asks for one point asks one view.
{% set detections = detections_in_use() %}
{% for detection in detections %}
-- depends_on: {{ ref(detection) }}
{% endfor %}

{% if is_distributed() %}
select
    accumulation_point,
    count(*) as items,
    min(stuck_since) as oldest_stuck_since
from {{ own_schema() }}.kept_items
group by accumulation_point
{% else %}
{% for detection, points in detections.items() %}
select
    accumulation_point,
    items,
    oldest_stuck_since
from {{ own_schema() }}.count_items('{{ detection }}')
where accumulation_point in ('{{ points | join("', '") }}')
{{ 'union all' if not loop.last }}
{% else %}
{{ no_rows({'accumulation_point': 'text', 'items': 'bigint', 'oldest_stuck_since': 'timestamptz'}) }}
{% endfor %}
{% endif %}
