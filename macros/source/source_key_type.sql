{% macro source_key_type(name) -%}
    {{- stuck_jobs.source_table(name).types.get('id', 'bigint') -}}
{%- endmacro %}
