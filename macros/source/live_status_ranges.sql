{% macro live_status_ranges() %}
    {{ return(stuck_jobs.status_ranges(['cancelled', 'completed', 'failed'])) }}
{% endmacro %}
