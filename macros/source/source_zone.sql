{% macro source_zone() -%}
    {%- if var('source_time_zone') == 'UTC' -%}
        interval '0'
    {%- else -%}
        {{ dbt.string_literal(dbt.escape_single_quotes(var('source_time_zone'))) }}
    {%- endif -%}
{%- endmacro %}
