-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_activity')) }}

{{ no_rows({
    'last_write_at': 'timestamptz',
    'last_work_at': 'timestamptz',
    'running_jobs_write': 'boolean',
}) }}
