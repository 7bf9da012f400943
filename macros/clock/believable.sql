{% macro believable(timestamp) -%}
    case when {{ timestamp }} <= {{ as_of() }} then {{ timestamp }} end
{%- endmacro %}
