-- With what work was given up, the most frequent first; an error without what it carries, as incidents name it.
select
    left(tie, %(max_length)s) as error,
    count(*) as items,
    extract(epoch from now() - min(stuck_since))::bigint as first_seconds_ago,
    extract(epoch from now() - max(stuck_since))::bigint as last_seconds_ago
from {schema}.int_tied_items
where accumulation_point = 'queue_dead_letter' and tie is not null
group by tie
order by 2 desc, 1
limit %(errors)s
