-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_executions')) }}

{{ no_rows({
    'execution_id': 'bigint',
    'job_id': source_key_type('jobs'),
    'provider_id': 'text',
    'model_id': 'text',
    'question_id': 'text',
    'region': 'text',
    'router_region': 'text',
    'status': 'text',
    'original_error': 'text',
    'failure_type': 'text',
    'retry_count': 'bigint',
    'max_retries': 'bigint',
    'source_created_at': 'timestamptz',
    'created_at': 'timestamptz',
    'started_at': 'timestamptz',
    'completed_at': 'timestamptz',
    'row_version': 'xid',
}) }}
