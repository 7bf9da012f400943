{% macro from_epoch_ms(milliseconds) -%}
    to_timestamp({{ milliseconds }} / 1000.0)
{%- endmacro %}
