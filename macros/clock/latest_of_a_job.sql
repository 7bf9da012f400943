{% macro latest_of_a_job() -%}
    ({{ as_of() }} + interval '5 minutes')
{%- endmacro %}
