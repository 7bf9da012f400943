-- How many items each point has, and since when the oldest. By a function, whose queries PostgreSQL plans once in a
-- session: that is a third of the time that they take. A branch says of which points its view can speak, so that who
-- asks for one point asks one view.
{% set detections = detections_in_use() %}
{% set bounded = bounded_detections() %}
{% for detection in detections %}
-- depends_on: {{ ref(bounded.get(detection, detection)) }}
{% endfor %}

{% if is_distributed() %}
select
    accumulation_point,
    count(*) as items,
    min(stuck_since) as oldest_stuck_since,
    null::text as problem
from {{ own_schema() }}.kept_items
group by accumulation_point
{% else %}
with counts as (
    {% for detection, points in detections.items() %}
    select
        accumulation_point,
        items,
        oldest_stuck_since
    from {{ own_schema() }}.count_items('{{ bounded.get(detection, detection) }}')
    where accumulation_point in ('{{ points | join("', '") }}')
    {{ 'union all' if not loop.last }}
    {% else %}
    {{ no_rows({'accumulation_point': 'text', 'items': 'bigint', 'oldest_stuck_since': 'timestamptz'}) }}
    {% endfor %}
)

select
    accumulation_point,
    max(items) as items,
    max(oldest_stuck_since) as oldest_stuck_since,
    case when bool_or(items is null) then {{ at_least() | indent }} end as problem
from counts
group by accumulation_point
{% endif %}
