{% macro prune_history(history) -%}
    delete from {{ history }} where observed_at < {{ as_of() }} - interval '{{ var('history_retention_days') | float }} days'
{%- endmacro %}
