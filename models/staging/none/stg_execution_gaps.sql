-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_execution_gaps')) }}

{{ no_rows({
    'execution_id': source_key_type('executions'),
    'job_id': source_key_type('jobs'),
    'jobspec_id': 'text',
    'status': 'text',
    'closed_at': 'timestamptz',
    'job_kind': 'text',
    'part': 'text',
    'expected_executions': 'bigint',
    'actual_executions': 'bigint',
    'cause': 'text',
}) }}
