-- The stuck items with what ties each to others: when its worker fell silent, the provider and region, the job that it
-- waits for or that was lost with who served it, the error. An incident is what is tied together by such evidence.
{% set ties = ties(ref('int_last_lost_jobs')) %}
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
