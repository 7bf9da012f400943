-- Which Redis a snapshot is of, and from when on it was whole.
{{ raw_table('queue_servers', {
    'snapshot_id': 'bigint',
    'whole_since': 'timestamptz',
    'listeners': 'bigint',
}) }}
