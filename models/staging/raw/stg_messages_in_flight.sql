-- The messages that a worker had taken and not yet settled when a snapshot looked.
{{ raw_table('messages_in_flight', {
    'snapshot_id': 'bigint',
    'message_id': 'text',
}) }}
