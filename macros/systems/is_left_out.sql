{% macro is_left_out(relation) %}
    {{ return(relation not in stuck_jobs.job_system().relations) }}
{% endmacro %}
