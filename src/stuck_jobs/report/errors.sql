-- With what work was given up, the most frequent first; an error without what it carries, as incidents name it.
select
    left(error, %(max_length)s) as error,
    count(*) as items,
    extract(epoch from now() - min(stuck_since))::bigint as first_seconds_ago,
    extract(epoch from now() - max(stuck_since))::bigint as last_seconds_ago
from {schema}.incident_items_v1
where error is not null
group by incident_items_v1.error
order by 2 desc, 1
limit %(errors)s
