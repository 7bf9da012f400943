{% macro has_moved_on() -%}
    {%- if stuck_jobs.is_distributed() -%} entity_type = 'job' and status is distinct from job_status
    {%- else -%} false {%- endif -%}
{%- endmacro %}
