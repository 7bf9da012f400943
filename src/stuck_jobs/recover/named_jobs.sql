select
    asked.name,
    coalesce(by_name.jobspec_id, by_id.jobspec_id) as jobspec_id
from unnest(%(names)s::text[]) as asked (name)
left join {schema}.stg_jobs as by_name on asked.name = by_name.jobspec_id
left join {schema}.stg_jobs as by_id
    on
        by_name.jobspec_id is null
        and by_id.job_id = case when asked.name ~ {pattern} then asked.name::{key_type} end
