{% macro max_age(point) -%}
    {{ stuck_jobs.minutes(stuck_jobs.registry()[point].get('max_age_minutes', 0)) }}
{%- endmacro %}
