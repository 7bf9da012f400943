{% macro validate_field(point, field, value) %}
    {% set vocabulary = {
        'level': ['database', 'queue', 'execution', 'worker', 'portal', 'network'],
        'severity': ['error', 'warn'],
        'remedy': ['none', 'republish', 'reset', 'timeout', 'close', 'fail', 'requeue', 'retry'],
        'enabled': [true, false],
        'auto': [true, false],
    } %}
    {% set whole_numbers = ['max_count', 'max_depth', 'min_executions', 'min_recoveries', 'min_failures'] %}
    {% set is_share = field == 'max_rate' %}
    {% set expected = none %}
    {% if field in vocabulary %}
        {% if value not in vocabulary[field] or (field in ('enabled', 'auto')) != (value is boolean) %}
            {% set expected = 'one of ' ~ vocabulary[field] | join(', ') %}
        {% endif %}
    {% elif value is boolean or value is not number or not (0 <= value <= (1 if is_share else 1e9)) %}
        {% set expected = 'a share from 0 to 1, such as 0.2 for 20 %' if is_share else 'a number from 0 to 1e9' %}
    {% elif field in whole_numbers and value != value | int %}
        {% set expected = 'a whole number' %}
    {% endif %}
    {% if expected is not none %}
        {% do exceptions.raise_compiler_error(
            "vars: thresholds." ~ point ~ "." ~ field ~ " must be " ~ expected ~ ", got '" ~ value ~ "'"
        ) %}
    {% endif %}
{% endmacro %}
