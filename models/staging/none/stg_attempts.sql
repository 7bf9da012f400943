-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_attempts')) }}

{{ no_rows({
    'job_id': source_key_type('jobs'),
    'job_kind': 'text',
    'queue_name': 'text',
    'ended_at': 'timestamptz',
    'is_failed': 'boolean',
    'error': 'text',
}) }}
