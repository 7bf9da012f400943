{% macro judges_history() %}
    {{ return('execution_missing' in stuck_jobs.job_system().points and not stuck_jobs.is_left_out('stg_judgment_basis')) }}
{% endmacro %}
