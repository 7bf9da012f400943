{% macro from_epoch_ms(milliseconds) -%}
    case when {{ milliseconds }} between 0 and 253402300799999 then to_timestamp({{ milliseconds }} / 1000.0) end
{%- endmacro %}
