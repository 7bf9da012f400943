-- Empty, where the watched system has nothing of the kind.
{{ config(enabled=is_left_out('stg_queues')) }}

{{ no_rows({
    'queue_name': 'text',
    'last_taken_at': 'timestamptz',
    'living_workers': 'bigint',
}) }}
