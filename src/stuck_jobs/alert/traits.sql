-- The queues and the kinds of jobs that some incidents have to do with.
select
    members.incident_id,
    coalesce(array_agg(distinct items.queue_name) filter (where items.queue_name is not null), '{{}}') as queues,
    coalesce(array_agg(distinct items.job_kind) filter (where items.job_kind is not null), '{{}}') as kinds
from {schema}.incident_items_v1 as members
inner join {schema}.stuck_items as items using (accumulation_point, entity_type, entity_id)
where members.incident_id = any(%(incidents)s)
group by members.incident_id
