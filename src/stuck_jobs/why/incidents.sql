-- The incidents that the job's items belong to.
select distinct
    {incident_columns}
from {schema}.int_job_incidents
where jobspec_id = %(jobspec_id)s or (entity_type = 'job' and entity_id = %(job_id)s)
order by items desc, incident_id
limit %(most)s
