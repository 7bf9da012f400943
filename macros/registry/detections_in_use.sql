{% macro detections_in_use() %}
    {% set enabled = stuck_jobs.enabled_points() %}
    {% set in_use = {} %}
    {% for detection, points in stuck_jobs.detections().items() %}
        {% for point in points if not execute or "'" ~ point ~ "'" in enabled %}
            {% do in_use.setdefault(detection, []).append(point) %}
        {% endfor %}
    {% endfor %}
    {{ return(in_use) }}
{% endmacro %}
