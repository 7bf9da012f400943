-- The queues in which something was; that one of them is empty now is to be said.
select queue_name from {schema}.queue_snapshots
group by queue_name
having bool_or(depth > 0)
order by queue_name
