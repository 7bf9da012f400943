{% macro source_key_type(name) -%}
    {%- set type = stuck_jobs.source_table(name).types.get('id', 'bigint') -%}
    {{- 'bigint' if type in ('smallint', 'integer') else type -}}
{%- endmacro %}
