{% macro recoveries_anew() -%}
    ('republish', 'reset', 'requeue', 'retry')
{%- endmacro %}
