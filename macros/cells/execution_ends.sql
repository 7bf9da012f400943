{% macro execution_ends() %}
    {{ return(['cancelled', 'completed', 'duplicate_skipped', 'failed', 'timeout']) }}
{% endmacro %}
