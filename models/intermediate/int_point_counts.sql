-- How many items each point has, and since when the oldest. By a function, whose queries PostgreSQL plans once in a
-- session: that is a third of the time that they take. A branch says of which points its view can speak, so that who
-- asks for one point asks one view.
{% set counted = counted_in() %}
{% for model in counted %}
-- depends_on: {{ ref(model) }}
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
    {% for model, points in counted.items() %}
    select
        accumulation_point,
        items,
        oldest_stuck_since
    from {{ own_schema() }}.count_items('{{ model }}')
    where accumulation_point in ('{{ points | join("', '") }}')
    {{ 'union all' if not loop.last }}
    {% else %}
    {{ no_rows({'accumulation_point': 'text', 'items': 'bigint', 'oldest_stuck_since': 'timestamptz'}) }}
    {% endfor %}
)

select
    accumulation_point,
    max(items) as items,
    min(oldest_stuck_since) as oldest_stuck_since,
    case when bool_or(items is null) then {{ at_least() | indent }} end as problem
from counts
group by accumulation_point
{% endif %}
