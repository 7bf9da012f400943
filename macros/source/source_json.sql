{% macro source_json(table, column, required=true, may_be_withheld=false) -%}
    {%- if execute and column in table.types and table.types[column] != 'jsonb' -%}
        {{ stuck_jobs.own_schema() }}.as_jsonb({{ stuck_jobs.source_column(table, column, 'text', required, may_be_withheld) }})
    {%- else -%}
        {{ stuck_jobs.source_column(table, column, 'jsonb', required, may_be_withheld) }}
    {%- endif -%}
{%- endmacro %}
