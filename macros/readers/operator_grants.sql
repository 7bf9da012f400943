{% macro operator_grants() %}
    {% set columns = [
        'run_id', 'accumulation_point', 'entity_type', 'entity_id', 'jobspec_id', 'cause', 'remedy', 'outcome', 'reason',
        'before', 'after',
    ] %}
    {{ return({
        'views': [
            'int_recovery_plan', 'int_recovery_settings', 'int_live_jobs', 'int_heartbeats', 'stg_job_contents', 'stg_jobs', 'stg_executions', 'stg_outbox',
        ],
        'log': {'select': ['recovery_id', 'recovered_at'] + columns, 'insert': columns, 'update': ['outcome', 'reason', 'after']},
    }) }}
{% endmacro %}
