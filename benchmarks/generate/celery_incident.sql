-- An incident of Celery's, after the last look. Setting: benchmark.incident, how many tasks get stuck: of four one waits
-- in a queue that is not read, one is held by a worker that died, one is to be tried again and was forgotten, and one is
-- a chord, of which the one that is held is a member. Ten chords wait for the same.
create temporary table incident on commit drop as
select
    number,
    'incident_' || number as task_id,
    'queue_' || number % 10 as queue_name,
    case number % 4 when 0 then 'waiting' when 1 then 'held' when 2 then 'forgotten' else 'chord' end as kind
from generate_series(1, current_setting('benchmark.incident')::integer) as numbers (number);

insert into queue_messages (
    snapshot_id, queue_name, kind, position, message_id, jobspec_id, attempts, enqueued_at, parsed, size_bytes, job_kind
)
select 1, queue_name, 'main', 1000000 + number, task_id, task_id, 0, now() - interval '40 minutes', true, 900, 'waits'
from incident
where kind = 'waiting';

insert into messages_in_flight (
    snapshot_id, message_id, queue_name, job_kind, attempts, due_at, delivered_at, members
)
select
    1, task_id, queue_name, case kind when 'held' then 'held' else 'celery.chord_unlock' end,
    case kind when 'held' then 0 else 7200 end,
    case kind when 'chord' then now() + interval '1 second' end,
    now() - interval '2 hours',
    case kind when 'chord' then jsonb_build_array(jsonb_build_array('incident_' || number / 40 * 40 + 1)) end
from incident
where kind in ('held', 'chord');

insert into public.celery_taskmeta (task_id, status, result, date_done)
select
    task_id,
    case kind when 'held' then 'STARTED' else 'RETRY' end,
    convert_to('{"pid": 8, "hostname": "second@here"}', 'UTF8'),
    case kind when 'forgotten' then (now() - interval '5 hours') at time zone 'UTC' end
from incident
where kind in ('held', 'forgotten');

insert into queue_sightings (kind, name, version, first_seen_at)
select 'no_message', task_id, extract(epoch from date_done at time zone 'UTC')::text, now() - interval '15 minutes'
from public.celery_taskmeta
where task_id like 'incident_%' and status = 'RETRY';

insert into public.planted
select
    points.point,
    count(*) as items
from incident
inner join (
    values ('waiting', 'job_queued'), ('held', 'worker_lost'), ('held', 'job_running'), ('forgotten', 'worker_lost'),
        ('chord', 'job_blocked')
) as points (kind, point)
    on incident.kind = points.kind
group by points.point;
