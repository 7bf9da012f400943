-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_recoveries')) }}

{{ no_rows({
    'job_id': source_key_type('jobs'),
    'jobspec_id': 'text',
    'status': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'recoveries': 'bigint',
    'first_recovered_at': 'timestamptz',
    'last_recovered_at': 'timestamptz',
}) }}
