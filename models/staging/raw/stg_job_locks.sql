-- The locks that workers held on their jobs when a snapshot looked.
{{ raw_table('job_locks', {
    'snapshot_id': 'bigint',
    'jobspec_id': 'text',
    'expires_at': 'timestamptz',
}) }}
