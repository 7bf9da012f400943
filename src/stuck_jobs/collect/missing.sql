select count(*)
from unnest(array['queue_snapshots', 'queue_messages', 'job_locks', 'queue_snapshot_ids']) as required (name)
where to_regclass(%(schema)s || '.' || required.name) is null
