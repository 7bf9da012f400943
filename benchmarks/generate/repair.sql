-- Takes an incident back.
delete from executions using jobs where executions.job_id = jobs.id and jobs.jobspec_id like 'incident-%';

delete from outbox where payload ->> 'id' like 'incident-%';

delete from jobs where jobspec_id like 'incident-%';
