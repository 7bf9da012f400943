-- The queues and the kinds of jobs that some incidents have to do with.
select
    incident_id,
    coalesce(array_agg(distinct queue_name) filter (where queue_name is not null), '{{}}') as queues,
    coalesce(array_agg(distinct job_kind) filter (where job_kind is not null), '{{}}') as kinds
from {schema}.incident_items_v1
where incident_id = any(%(incidents)s)
group by incident_id
