select job_id as key
from {schema}.stg_jobs
where jobspec_id = %(name)s
limit 1
