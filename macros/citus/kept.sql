{% macro kept(name) -%}
    {%- set live = ref(name) -%}
    {%- if stuck_jobs.is_distributed() -%} {{ stuck_jobs.own_schema() }}.kept_{{ name.split('_', 1)[1] }}
    {%- else -%} {{ live }} {%- endif -%}
{%- endmacro %}
