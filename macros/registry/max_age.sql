{% macro max_age(point) -%}
    {{ stuck_jobs.minutes(stuck_jobs.registry()[point].max_age_minutes) }}
{%- endmacro %}
