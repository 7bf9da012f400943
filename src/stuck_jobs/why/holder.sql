-- Whether a worker holds the job, and what speaks for it.
select
    is_held,
    left(evidence, 500) as evidence
from {schema}.int_heartbeats
where job_id = %(key)s
union all
select
    is_held,
    case
        when is_held then 'its worker holds its lock in Redis'
        when is_held is null then 'no snapshot shows whether a worker holds its lock'
        else 'no worker holds its lock in Redis'
    end as evidence
from {schema}.int_worker_signals
where job_id = %(key)s and (select redis_enabled from {schema}.int_recovery_settings)
limit 1
