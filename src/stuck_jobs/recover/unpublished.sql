select 1
from {outbox}
where published_at is null and %(job)s in (payload ->> 'jobspec_id', payload ->> 'id')
limit 1
