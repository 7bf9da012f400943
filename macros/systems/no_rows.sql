{% macro no_rows(columns) -%}
    select
    {%- for column, type in columns.items() %}
        null::{{ type }} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
    where false
{%- endmacro %}
