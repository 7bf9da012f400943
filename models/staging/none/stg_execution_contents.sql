-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_execution_contents')) }}

{{ no_rows({
    'execution_id': source_key_type('executions'),
    'content': 'text',
}) }}
