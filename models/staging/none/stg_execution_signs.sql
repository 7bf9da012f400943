-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_execution_signs')) }}

{{ no_rows({
    'execution_id': source_key_type('executions'),
    'job_id': source_key_type('jobs'),
    'jobspec_id': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'waits_for': 'text',
    'since': 'timestamptz',
    'suspicion': 'text',
    'last_beat_at': 'timestamptz',
    'dead_after': 'interval',
    'loss': 'text',
    'lasts_at_most': 'interval',
    'evidence': 'text',
}) }}
