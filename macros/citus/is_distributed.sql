{% macro is_distributed() %}
    {{ return(stuck_jobs.distribution() | length > 0) }}
{% endmacro %}
