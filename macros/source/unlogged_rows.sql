{% macro unlogged_rows(table) -%}
    {{ stuck_jobs.own_schema() }}.rows_of_{{ table }}()
{%- endmacro %}
