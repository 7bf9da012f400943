-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_hindrances')) }}

{{ no_rows({
    'job_id': source_key_type('jobs'),
    'cause': 'text',
}) }}
