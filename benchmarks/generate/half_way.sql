-- Setting: benchmark.incident, how many jobs get stuck in processing, each with all or some of the executions of a job
-- that was closed of late.
create temporary table models on commit drop as
select
    row_number() over () - 1 as number,
    id,
    jobspec_data
from (
    select id, jobspec_data from jobs
    where status = 'completed'
    order by id desc
    limit 500
) as closed_jobs;

create temporary table incident on commit drop as
select
    nextval('jobs_id_seq') as id,
    number
from generate_series(1, current_setting('benchmark.incident')::int) as numbers (number);

insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at)
select
    incident.id,
    'incident-' || incident.number,
    models.jobspec_data || jsonb_build_object('incident', incident.number),
    'processing',
    now() at time zone 'UTC' - interval '3 hours',
    now() at time zone 'UTC' - interval '2 hours'
from incident
inner join models on incident.number % 500 = models.number;

insert into executions (job_id, provider_id, region, status, model_id, question_id, created_at, started_at, completed_at)
select
    incident.id,
    executions.provider_id,
    executions.region,
    'completed',
    executions.model_id,
    executions.question_id,
    now() at time zone 'UTC' - interval '170 minutes',
    now() at time zone 'UTC' - interval '170 minutes',
    now() at time zone 'UTC' - interval '160 minutes'
from incident
inner join models on incident.number % 500 = models.number
inner join executions on models.id = executions.job_id
where incident.number % 2 = 0 or executions.id % 3 > 0;
