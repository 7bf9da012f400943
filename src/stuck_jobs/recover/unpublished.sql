select 1
from {schema}.stg_outbox
where source_published_at is null and jobspec_id = %(job)s
limit 1
