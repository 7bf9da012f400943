-- The messages that a worker had taken and not yet settled when a snapshot looked.
with source as (
    {{ raw_table('messages_in_flight', {
        'snapshot_id': 'bigint',
        'message_id': 'text',
    }) | indent }}
)

select * from source
