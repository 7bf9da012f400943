-- What `stuck-jobs collect` saw of each queue, and whether it saw all of it.
{{ raw_table('queue_snapshots', {
    'snapshot_id': 'bigint',
    'observed_at': 'timestamptz',
    'queue_name': 'text',
    'kind': 'text',
    'depth': 'bigint',
    'messages_read': 'bigint',
    'complete': 'boolean',
    'error': 'text',
    'oldest_message': 'text',
}) }}
