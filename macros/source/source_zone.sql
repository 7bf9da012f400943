{% macro source_zone() -%}
    {%- if var('source_time_zone') == 'UTC' -%}
        interval '0'
    {%- else -%}
        {{ stuck_jobs.text_literal(var('source_time_zone')) }}
    {%- endif -%}
{%- endmacro %}
