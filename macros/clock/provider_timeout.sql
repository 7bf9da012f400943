{% macro provider_timeout() -%}
    interval '{{ var("provider_timeout_seconds") }} seconds'
{%- endmacro %}
