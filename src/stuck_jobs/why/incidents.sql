-- The incidents that the job's items belong to.
with own_incidents as (
    select distinct incident_id
    from {schema}.incident_items_v1
    where jobspec_id = %(jobspec_id)s or (entity_type = 'job' and entity_id = %(job_id)s)
)

select
    {incident_columns}
from {schema}.incidents_v1
where incident_id in (select own_incidents.incident_id from own_incidents)
order by items desc, incident_id
limit %(most)s
