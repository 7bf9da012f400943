{% macro limit(point, field) -%}
    {{ stuck_jobs.registry()[point][field] }}
{%- endmacro %}
