{% macro at_least() -%}
    case accumulation_point
        when 'job_interrupted'
            then 'at least as many: of the jobs that are in work for too long {{ var("judged_live_jobs") }} were judged'
        when 'job_not_closed'
            then 'at least as many: of the jobs whose executions have all ended {{ var("judged_live_jobs") }} were judged'
    end
{%- endmacro %}
