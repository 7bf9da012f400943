{% macro key_bounds() %}
    {% if stuck_jobs.source_key_type('jobs') == 'uuid' %}
        {{ return({
            'least': "'00000000-0000-0000-0000-000000000000'::uuid",
            'greatest': "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid",
        }) }}
    {% endif %}
    {% if stuck_jobs.source_key_type('jobs') == 'text' %}
        {{ return({'least': "''", 'greatest': "repeat('z', 100)"}) }}
    {% endif %}
    {{ return({'least': '-9223372036854775808', 'greatest': '9223372036854775807'}) }}
{% endmacro %}
