{% macro latest_plausible() -%}
    ({{ as_of() }} + interval '1 minute')
{%- endmacro %}
