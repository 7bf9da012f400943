-- The worst incidents, and how many there are.
select
    {incident_columns},
    count(*) over () as total
from {schema}.incidents_v1
where %(points)s::text[] is null or points && %(points)s
order by array_position(array['error', 'warn'], severity), items desc, jobs desc, started_at nulls last, incident_id
limit %(most)s
