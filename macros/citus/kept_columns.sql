{% macro kept_columns(name) %}
    {{ return({
        'items': [
            'accumulation_point text', 'entity_type text', 'entity_id text', 'jobspec_id text', 'status text',
            'stuck_since timestamptz', 'age_seconds bigint', 'threshold_seconds bigint', 'cause text', 'queue_name text',
            'job_kind text', 'evidence text', 'tie text',
        ],
        'unproven_points': ['accumulation_point text', 'problems text', 'is_part boolean'],
    }[name] | join(', ')) }}
{% endmacro %}
