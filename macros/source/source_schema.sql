{% macro source_schema() %}
    {{ return(var('source_schema') or stuck_jobs.job_system().schema) }}
{% endmacro %}
