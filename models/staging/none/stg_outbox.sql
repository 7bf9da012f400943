-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_outbox')) }}

{{ no_rows({
    'outbox_id': 'bigint',
    'jobspec_id': 'text',
    'topic': 'text',
    'source_created_at': 'timestamptz',
    'source_published_at': 'timestamptz',
    'created_at': 'timestamptz',
    'published_at': 'timestamptz',
}) }}
