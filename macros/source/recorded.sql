{% macro recorded(table, column, expected) -%}
    {%- if column in table.types or not execute -%} {{ expected }} {%- else -%} null::text {%- endif -%}
{%- endmacro %}
