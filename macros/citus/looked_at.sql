{% macro looked_at() -%}
    {%- if stuck_jobs.is_distributed() -%}
        (select kept_check.checked_at from {{ stuck_jobs.own_schema() }}.kept_check)
    {%- else -%} {{ as_of() }} {%- endif -%}
{%- endmacro %}
