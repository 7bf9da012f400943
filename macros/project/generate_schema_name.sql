{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if node.resource_type == 'model' and node.package_name == 'stuck_jobs' and node.fqn[1] != 'staging' and node.config.enabled is false -%}
        {%- do stuck_jobs.refuse_setting("models: +enabled: false", node.name, "whose views need each other") -%}
    {%- endif -%}
    {%- set suffix = '' if project_name == 'stuck_jobs' else '_stuck_jobs' -%}
    {{ [var('stuck_jobs_schema') or target.schema ~ suffix, custom_schema_name] | select | join('_') }}
{%- endmacro %}
