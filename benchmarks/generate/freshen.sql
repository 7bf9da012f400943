-- Moves the live rows up to the present, for a population that was made a while ago.
with moved as (
    select now() at time zone 'UTC' - anchor as passed, closed_jobs
    from benchmark.population
)

update jobs
set created_at = jobs.created_at + moved.passed,
    updated_at = jobs.updated_at + moved.passed,
    started_at = jobs.started_at + moved.passed
from moved
where jobs.id > moved.closed_jobs;

with moved as (
    select now() at time zone 'UTC' - anchor as passed, closed_jobs
    from benchmark.population
)

update executions
set created_at = executions.created_at + moved.passed,
    started_at = executions.started_at + moved.passed,
    completed_at = executions.completed_at + moved.passed
from moved
where executions.job_id > moved.closed_jobs;

with moved as (
    select now() at time zone 'UTC' - anchor as passed
    from benchmark.population
)

update outbox
set created_at = outbox.created_at + moved.passed
from moved
where outbox.published_at is null;

update benchmark.population set anchor = now() at time zone 'UTC';
