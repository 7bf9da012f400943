{% macro source_key_type(name) -%}
    {%- set stated = stuck_jobs.job_system().tables.get(name, {}).get('key_type') -%}
    {%- set type = stated or stuck_jobs.source_table(name).types.get('id', 'bigint') -%}
    {{- 'bigint' if type in ('smallint', 'integer') else type -}}
{%- endmacro %}
