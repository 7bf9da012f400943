{% macro own_kind(item) -%}
    case when {{ item }}.waits_in_queue then 'queue_lagging' else 'point' end
{%- endmacro %}
