{% macro source_row_version(source) -%}
    {%- set relation = load_relation(source) if execute else none -%}
    {%- if relation is not none and relation.is_table and not stuck_jobs.is_distributed() -%}
        {%- set unreadable = stuck_jobs.columns_of(source) | rejectattr('is_readable') | map(attribute='name') | list -%}
        {%- do stuck_jobs.assert_readable({'name': source.schema ~ '.' ~ source.identifier, 'unreadable': unreadable}, 'xmin') -%}
        xmin
    {%- else -%} null::xid {%- endif -%}
{%- endmacro %}
