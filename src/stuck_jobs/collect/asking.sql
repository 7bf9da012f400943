-- The tasks that ask for others, as the last look saw them: its messages alone are kept.
select message_id from {schema}.queue_messages
where members is not null and message_id is not null
union
select message_id from {schema}.messages_in_flight
where members is not null
