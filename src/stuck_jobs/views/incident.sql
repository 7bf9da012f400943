select
    {incident_columns}
from {schema}.incidents_v1
where incident_id = %(incident)s
