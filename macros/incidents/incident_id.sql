{% macro incident_id(kind, scope) -%}
    left(md5(concat_ws(':', {{ kind }}, {{ scope }})), 12)
{%- endmacro %}
