-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_waits')) }}

{{ no_rows({
    'job_id': source_key_type('jobs'),
    'jobspec_id': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'waits_for': 'text',
    'holder_job_id': source_key_type('jobs'),
    'since': 'timestamptz',
}) }}
