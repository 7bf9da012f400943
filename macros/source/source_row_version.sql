{% macro source_row_version(name) -%}
    {%- set relation = load_relation(source('pipeline', name)) if execute else none -%}
    {%- if relation is not none and relation.is_table -%} xmin {%- else -%} null::xid {%- endif -%}
{%- endmacro %}
