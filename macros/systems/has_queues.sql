{% macro has_queues() %}
    {% set evidence = stuck_jobs.job_system().points.values() | map(attribute='evidence', default='database') | list %}
    {{ return(var('redis_enabled') and 'snapshot' in evidence) }}
{% endmacro %}
