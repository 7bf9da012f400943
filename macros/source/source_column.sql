{% macro source_column(table, column, type, required=true) -%}
    {%- if column in table.types or not execute -%}
        {{ column }}::{{ type }}
    {%- elif required -%}
        {%- do exceptions.raise_compiler_error(
            "the watched table " ~ table.name ~ " has no column '" ~ column ~ "'"
        ) -%}
    {%- else -%}
        null::{{ type }}
    {%- endif -%}
{%- endmacro %}
