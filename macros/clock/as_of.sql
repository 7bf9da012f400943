{% macro as_of() -%}
    now()
{%- endmacro %}
