-- The messages that a snapshot found, without their payloads.
{{ raw_table('queue_messages', {
    'snapshot_id': 'bigint',
    'queue_name': 'text',
    'kind': 'text',
    'position': 'bigint',
    'message_id': 'text',
    'jobspec_id': 'text',
    'attempts': 'bigint',
    'max_attempts': 'bigint',
    'enqueued_at': 'timestamptz',
    'due_at': 'timestamptz',
    'error': 'text',
    'parsed': 'boolean',
    'size_bytes': 'bigint',
    'job_kind': 'text',
    'members': 'jsonb',
}) }}
