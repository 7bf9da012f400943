-- Where the job is stuck, its executions and messages likewise; and what is stuck of all that it depends on. The points
-- are those at which anything is: PostgreSQL leaves out the views of the others.
select
    {item_columns},
    case when stuck_since between '0002-01-01' and '9998-12-31' then stuck_since end as stuck_since,
    threshold_seconds,
    severity,
    remedy,
    coalesce(jobspec_id = %(jobspec_id)s or (entity_type = 'job' and entity_id = %(job_id)s), false) as is_own
from {schema}.stuck_items
where
    accumulation_point = any(%(points)s)
    and (
        jobspec_id = %(jobspec_id)s
        or (entity_type = 'job' and entity_id = %(job_id)s)
        or (entity_type = 'queue' and entity_id = any(%(queues)s))
        or entity_type in ('conductor', 'pipeline')
    )
order by is_own desc, age_seconds desc nulls last, accumulation_point, entity_id
limit %(most)s
