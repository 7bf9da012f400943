-- The last look at Celery's broker, in the schema that the search path begins with. Of twenty that are live one has no
-- message, eight are held by workers, of which half are not due, and two of those in the queues have waited for long.
insert into queue_servers (snapshot_id, server, evicted, is_known, listeners) values (1, 'one /0', 0, true, 4);

insert into queue_snapshots (snapshot_id, observed_at, queue_name, kind, depth, messages_read, complete)
select 1, now(), 'queue_' || queue, kind, 0, 0, true
from generate_series(0, 9) as queues (queue)
cross join unnest(array['main', 'retry']) as kinds (kind);

insert into messages_in_flight (snapshot_id, message_id, queue_name, job_kind, attempts, due_at, delivered_at)
select
    1, 'live_' || number, 'queue_' || number % 10, 'held', 0,
    case when number % 20 < 5 then now() + interval '1 hour' end, now() - interval '10 minutes'
from generate_series(1, current_setting('benchmark.live')::integer) as numbers (number)
where number % 20 between 1 and 8;

insert into queue_messages (
    snapshot_id, queue_name, kind, position, message_id, jobspec_id, attempts, enqueued_at, parsed, size_bytes, job_kind
)
select
    1, 'queue_' || number % 10, 'main', number, 'live_' || number, 'live_' || number, 0,
    now() - case when number % 20 > 17 then interval '40 minutes' else interval '0' end, true, 900, 'waits'
from generate_series(1, current_setting('benchmark.live')::integer) as numbers (number)
where number % 20 > 8;

insert into queue_sightings (kind, name, version, first_seen_at)
select 'no_message', task_id, extract(epoch from date_done at time zone 'UTC')::text, now() - interval '15 minutes'
from public.celery_taskmeta
where status = 'RETRY';

create table public.planted as
select 'worker_lost' as point, count(*) as items from public.celery_taskmeta where status = 'RETRY'
union all
select 'job_queued', count(*) from queue_messages where enqueued_at < now() - interval '30 minutes'
union all
select 'queue_dead_letter', count(*) from public.celery_taskmeta where status = 'FAILURE';
