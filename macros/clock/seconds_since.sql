{% macro seconds_since(timestamp) -%}
    case when isfinite({{ timestamp }}) then floor(date_part('epoch', {{ as_of() }} - {{ timestamp }}))::bigint end
{%- endmacro %}
