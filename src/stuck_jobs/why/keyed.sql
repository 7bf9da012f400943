select job_id as key
from {schema}.stg_jobs
where job_id = %(key)s
limit 1
