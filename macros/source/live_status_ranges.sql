{% macro live_status_ranges() %}
    {{ return([
        "status >= '' and status < 'cancelled'",
        "status > 'cancelled' and status < 'completed'",
        "status > 'completed' and status < 'failed'",
        "status > 'failed'",
        "status is null",
    ]) }}
{% endmacro %}
