select 1
from {outbox}
where published_at is null and %(job)s in (payload::jsonb ->> 'jobspec_id', payload::jsonb ->> 'id')
limit 1
