{% macro has_not_ended() -%}
    (({{ stuck_jobs.status_ranges(stuck_jobs.execution_ends()) | join(') or (') }}))
{%- endmacro %}
