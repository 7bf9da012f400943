-- Since when `stuck-jobs collect` has seen what does not say it itself.
{{ raw_table('queue_sightings', {
    'kind': 'text',
    'name': 'text',
    'version': 'text',
    'first_seen_at': 'timestamptz',
}) }}
