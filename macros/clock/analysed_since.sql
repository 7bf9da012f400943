{% macro analysed_since() -%}
    date_trunc('day', {{ as_of() }} - interval '{{ var("analytics_days") * 86400 }} seconds', 'UTC')
{%- endmacro %}
