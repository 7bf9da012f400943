{% macro source_row_version(source) -%}
    {%- set relation = load_relation(source) if execute else none -%}
    {%- if relation is not none and relation.is_table and not stuck_jobs.is_distributed() -%}
        {%- do stuck_jobs.assert_readable(
            {'name': source.schema ~ '.' ~ source.identifier, 'unreadable': stuck_jobs.unreadable_columns(source)}, 'xmin'
        ) -%}
        xmin
    {%- else -%} null::xid {%- endif -%}
{%- endmacro %}
