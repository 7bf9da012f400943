-- Setting: benchmark.incident, how many jobs wait in the queue though their messages were published.
insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
select
    'incident-' || number,
    jsonb_build_object('incident', number),
    'queued',
    now() at time zone 'UTC' - interval '3 hours',
    now() at time zone 'UTC' - interval '2 hours'
from generate_series(1, current_setting('benchmark.incident')::int) as numbers (number);

insert into outbox (topic, payload, created_at, published_at)
select
    'jobs',
    jsonb_build_object('id', jobspec_id),
    created_at,
    created_at + interval '1 second'
from jobs
where jobspec_id like 'incident-%';
