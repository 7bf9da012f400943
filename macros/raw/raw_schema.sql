{% macro raw_schema() %}
    {{ return(env_var('STUCK_JOBS_RAW_SCHEMA', 'stuck_jobs_raw')) }}
{% endmacro %}
