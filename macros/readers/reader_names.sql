{% macro reader_names() -%}
    {%- set names = [] -%}
    {%- for role in var('reader_roles') -%}
        {%- do names.append(dbt.string_literal(dbt.escape_single_quotes(role))) -%}
    {%- endfor -%}
    ({{ names | join(', ') }})
{%- endmacro %}
