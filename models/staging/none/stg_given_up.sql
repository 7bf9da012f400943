-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_given_up')) }}

{{ no_rows({
    'job_id': source_key_type('jobs'),
    'jobspec_id': 'text',
    'status': 'text',
    'kind': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'given_up_at': 'timestamptz',
    'attempts': 'bigint',
    'max_attempts': 'bigint',
    'error': 'text',
    'cause': 'text',
}) }}
