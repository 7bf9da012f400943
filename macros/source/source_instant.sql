{% macro source_instant(table, column, instant) -%}
    {%- if table.types.get(column) == 'timestamp without time zone' -%}
        (({{ instant }}) at time zone {{ stuck_jobs.source_zone() }})
    {%- else -%}
        ({{ instant }})
    {%- endif -%}
{%- endmacro %}
