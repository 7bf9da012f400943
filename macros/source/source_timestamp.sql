{% macro source_timestamp(table, column, required=true) -%}
    {%- set type = table.types.get(column) -%}
    {%- if type == 'timestamp without time zone' -%}
        {{ column }} at time zone {{ stuck_jobs.source_zone() }}
    {%- elif type in ('timestamp with time zone', none) -%}
        {{ stuck_jobs.source_column(table, column, 'timestamptz', required) }}
    {%- else -%}
        {%- do exceptions.raise_compiler_error(
            "the watched column " ~ table.name ~ "." ~ column ~ " must be a timestamp, and is of type " ~ type
        ) -%}
    {%- endif -%}
{%- endmacro %}
