{% macro closed_at() -%}
    case
        when completed_at <= {{ stuck_jobs.latest_plausible() }} then completed_at
        when updated_at <= {{ stuck_jobs.latest_plausible() }} then updated_at
    end
{%- endmacro %}
