-- The jobs that workers had claimed before a snapshot looked, with the version of their rows.
{{ raw_table('jobs_at_work', {
    'snapshot_id': 'bigint',
    'jobspec_id': 'text',
    'updated_at': 'numeric',
}) }}
