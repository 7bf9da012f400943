{% macro source_timestamp(table, column, required=true) -%}
    {%- do stuck_jobs.assert_readable(table, column) -%}
    {%- set type = table.types.get(column) -%}
    {%- if type == 'timestamp without time zone' -%}
        {%- set instant = '(' ~ column ~ ' at time zone ' ~ stuck_jobs.source_zone() ~ ')' -%}
        {%- if var('source_time_zone') == 'UTC' -%}
        {{ instant }}
        {%- else -%}
        {#- of an hour that the clocks repeat (half of one, or two, in some zones) PostgreSQL takes the second, which is
            the future while the first goes by -#}
        case
            when {{ instant }} <= {{ stuck_jobs.latest_plausible() }} then {{ instant }}
            {%- for repeated in ['30 minutes', '1 hour', '2 hours'] %}
            when
                ({{ instant }} - interval '{{ repeated }}') at time zone {{ stuck_jobs.source_zone() }} = {{ column }}
                then {{ instant }} - interval '{{ repeated }}'
            {%- endfor %}
            else {{ instant }}
        end
        {%- endif -%}
    {%- elif type in ('timestamp with time zone', none) -%}
        {{ stuck_jobs.source_column(table, column, 'timestamptz', required) }}
    {%- else -%}
        {%- do exceptions.raise_compiler_error(
            "the watched column " ~ table.name ~ "." ~ column ~ " must be a timestamp, and is of type " ~ type
        ) -%}
    {%- endif -%}
{%- endmacro %}
