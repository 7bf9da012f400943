{% macro source_column(table, column, type, required=true, may_be_withheld=false) -%}
    {%- if not may_be_withheld -%} {%- do stuck_jobs.assert_readable(table, column) -%} {%- endif -%}
    {%- if column in table.types or not execute -%}
        {%- if type == 'bigint' and execute and table.types[column] not in ('smallint', 'integer', 'bigint') -%}
        case when {{ column }} between -9e18 and 9e18 then {{ column }}::bigint end
        {%- else -%}
        {{ column }}::{{ type }}
        {%- endif -%}
    {%- elif required -%}
        {%- do exceptions.raise_compiler_error(
            "the watched table " ~ table.name ~ " has no column '" ~ column ~ "'"
        ) -%}
    {%- else -%}
        null::{{ type }}
    {%- endif -%}
{%- endmacro %}
