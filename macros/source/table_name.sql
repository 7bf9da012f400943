{% macro table_name(name) -%}
    {{- stuck_jobs.job_system().tables.get(name, {}).get('name', '') -}}
{%- endmacro %}
