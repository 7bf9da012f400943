{% macro finished_statuses() -%}
    ('completed', 'failed', 'cancelled', 'timeout', 'duplicate_skipped')
{%- endmacro %}
