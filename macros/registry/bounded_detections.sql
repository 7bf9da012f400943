{% macro bounded_detections() %}
    {{ return({
        'interrupted_jobs': 'int_interrupted_jobs',
        'status_mismatches': 'int_status_mismatches',
    }) }}
{% endmacro %}
