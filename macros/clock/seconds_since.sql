{% macro seconds_since(timestamp) -%}
    case when isfinite({{ timestamp }}) then floor(extract(epoch from {{ as_of() }} - {{ timestamp }}))::bigint end
{%- endmacro %}
