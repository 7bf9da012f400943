-- A queue that is empty and that nothing is bound to is none any more, and not one that was not read.
delete from {schema}.queue_snapshots
where not (queue_name = any(%(queues)s::text[]))
