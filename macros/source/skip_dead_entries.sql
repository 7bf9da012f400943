{% macro skip_dead_entries() -%}
    set local enable_bitmapscan = off;

    select count(job_id) from (
        {%- for range in stuck_jobs.live_status_ranges() %}
        select job_id from {{ ref('stg_jobs') }} where {{ range }}
        {%- if not loop.last %} union all {%- endif %}
        {%- endfor %}
    ) as live_jobs;

    reset enable_bitmapscan
{%- endmacro %}
