-- The stuck items with what ties each to others: when its worker fell silent, the provider and region, the job that it
-- waits for, the error. An incident is what is tied together by such evidence.
{% set ties = ties() %}
{% if is_distributed() %}
select
    {{ item_columns() }},
    tie
from {{ own_schema() }}.kept_items
{% else %}
{% for detection in detections_in_use() %}
select
    {{ item_columns() }},
    {{ ties.get(detection, 'null') }}::text as tie
from {{ ref(detection) }}
{{ 'union all' if not loop.last }}
{% else %}
select
    {{ item_columns() }},
    null::text as tie
from {{ ref('stale_jobs') }}
{% endfor %}
{% endif %}
