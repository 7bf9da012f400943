-- The jobs that workers have claimed before Redis is looked at, and the version of their rows, by no clock at all.
select jobspec_id, extract(epoch from updated_at)
from {schema}.stg_jobs
where status in ('processing', 'running') and jobspec_id is not null
limit 100000
