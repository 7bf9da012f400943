{% macro epoch_ms(instant) -%}
    (extract(epoch from {{ instant }}) * 1000)::bigint
{%- endmacro %}
