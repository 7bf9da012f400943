-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_holders')) }}

{{ no_rows({
    'job_id': source_key_type('jobs'),
    'jobspec_id': 'text',
    'status': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'holder_id': 'text',
    'last_beat_at': 'timestamptz',
    'started_at': 'timestamptz',
    'dead_after': 'interval',
    'suspicion': 'text',
    'loss': 'text',
    'is_free': 'boolean',
    'evidence': 'text',
    'lost_after': 'interval',
    'no_remedy': 'text',
}) }}
