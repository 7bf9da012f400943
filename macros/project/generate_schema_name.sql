{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set suffix = '' if project_name == 'stuck_jobs' else '_stuck_jobs' -%}
    {{ [var('stuck_jobs_schema') or target.schema ~ suffix, custom_schema_name] | select | join('_') }}
{%- endmacro %}
