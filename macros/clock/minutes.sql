{% macro minutes(number) -%}
    interval '{{ number * 60 }} seconds'
{%- endmacro %}
