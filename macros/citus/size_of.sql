{% macro size_of(table_id) -%}
    {%- if stuck_jobs.is_distributed() -%} {{ stuck_jobs.own_schema() }}.size_on_all_nodes({{ table_id }})
    {%- else -%} pg_relation_size({{ table_id }}) {%- endif -%}
{%- endmacro %}
