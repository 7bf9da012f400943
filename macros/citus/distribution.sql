{% macro distribution() %}
    {% if not execute %}
        {{ return([]) }}
    {% endif %}
    {#- nearly every model and test asks; the graph is what all of a run share, and may outlive it -#}
    {% set key = 'stuck_jobs_distribution' %}
    {% if graph.get(key, {}).invocation_id != invocation_id %}
        {% do graph.update({key: {'invocation_id': invocation_id, 'tables': stuck_jobs.distribution_now()}}) %}
    {% endif %}
    {{ return(graph[key].tables) }}
{% endmacro %}
