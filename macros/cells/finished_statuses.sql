{% macro finished_statuses() -%}
    ('{{ stuck_jobs.execution_ends() | join("', '") }}')
{%- endmacro %}
