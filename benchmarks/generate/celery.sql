-- Celery's results with a history, in the table that its backend for SQLAlchemy makes. Settings: benchmark.history, how
-- many tasks have ended, and benchmark.live, how many have not; what those are is in the last look at Redis.
create table celery_taskmeta (
    id serial primary key, task_id varchar(155) unique, status varchar(50), result bytea, date_done timestamp,
    traceback text, name varchar(155), args bytea, kwargs bytea, worker varchar(155), retries integer, queue varchar(155)
);

insert into celery_taskmeta (task_id, status, result, date_done)
select
    'task_' || number,
    case when number % 1000 = 7 then 'FAILURE' else 'SUCCESS' end,
    convert_to(
        case when number % 1000 = 7 then '{"exc_type": "ValueError", "exc_message": ["no luck"]}' else '"done"' end,
        'UTF8'
    ),
    (now() - number * interval '400 milliseconds') at time zone 'UTC'
from generate_series(1, current_setting('benchmark.history')::integer) as numbers (number);

-- A twentieth of what is live is to be tried again and was forgotten; another one began.
insert into celery_taskmeta (task_id, status, result, date_done)
select
    'live_' || number,
    case number % 20 when 0 then 'RETRY' else 'STARTED' end,
    convert_to('{"pid": 7, "hostname": "first@here"}', 'UTF8'),
    case number % 20 when 0 then (now() - interval '20 minutes') at time zone 'UTC' end
from generate_series(1, current_setting('benchmark.live')::integer) as numbers (number)
where number % 20 in (0, 1);
