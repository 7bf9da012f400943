-- The messages that a worker had taken and not yet settled when a snapshot looked.
{{ raw_table('messages_in_flight', {
    'snapshot_id': 'bigint',
    'message_id': 'text',
    'queue_name': 'text',
    'job_kind': 'text',
    'attempts': 'bigint',
    'due_at': 'timestamptz',
    'delivered_at': 'timestamptz',
    'members': 'jsonb',
}) }}
