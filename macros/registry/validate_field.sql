{% macro validate_field(point, field, value) %}
    {% set vocabulary = {
        'level': ['database', 'queue', 'execution', 'worker', 'portal', 'network'],
        'severity': ['error', 'warn'],
        'remedy': ['none', 'republish', 'reset', 'timeout', 'close', 'fail', 'requeue', 'retry'],
        'enabled': [true, false],
        'auto': [true, false],
    } %}
    {% set whole_numbers = ['max_count', 'max_depth', 'min_executions', 'min_recoveries', 'min_failures'] %}
    {% set expected = none %}
    {% if field in vocabulary %}
        {% if value not in vocabulary[field] or (field in ('enabled', 'auto')) != (value is boolean) %}
            {% set expected = 'one of ' ~ vocabulary[field] | join(', ') %}
        {% endif %}
    {% elif value is boolean or value is not number or not (0 <= value <= 1e9) %}
        {% set expected = 'a number from 0 to 1e9' %}
    {% elif field in whole_numbers and value != value | int %}
        {% set expected = 'a whole number' %}
    {% endif %}
    {% if expected is not none %}
        {% do exceptions.raise_compiler_error(
            "vars: thresholds." ~ point ~ "." ~ field ~ " must be " ~ expected ~ ", got '" ~ value ~ "'"
        ) %}
    {% endif %}
{% endmacro %}
