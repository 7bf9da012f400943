{% macro counted_in() %}
    {% set bounded = stuck_jobs.bounded_detections() %}
    {% set counted = {} %}
    {% for detection, points in stuck_jobs.detections_in_use().items() %}
        {% if stuck_jobs.judges_history() and detection in ('missing_executions', 'interrupted_jobs') %}
            {% do counted.setdefault('int_gap_counts', []).extend(points) %}
        {% else %}
            {% do counted.setdefault(bounded.get(detection, detection), []).extend(points) %}
        {% endif %}
    {% endfor %}
    {{ return(counted) }}
{% endmacro %}
