{% macro is_live() -%}
    (({{ stuck_jobs.live_status_ranges() | join(') or (') }}))
{%- endmacro %}
