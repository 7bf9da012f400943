select
    kind,
    severity,
    count(*) as incidents
from {schema}.incidents_v1
group by kind, severity
