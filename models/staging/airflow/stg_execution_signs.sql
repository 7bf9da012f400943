-- What is known of each open task. Without a WITH clause, so that PostgreSQL flattens it, and who asks for those that
-- run does not judge what waits.
{{ config(enabled=is_system('airflow')) }}

select
    execution_id,
    job_id,
    jobspec_id,
    pool as queue_name,
    job_kind,
    waits_for,
    since,
    suspicion,
    null::timestamptz as last_beat_at,
    null::interval as dead_after,
    null::text as loss,
    null::interval as lasts_at_most,
    evidence
from {{ ref('base_airflow_waiting_tasks') }}
union all
select
    execution_id,
    job_id,
    jobspec_id,
    pool as queue_name,
    job_kind,
    null::text as waits_for,
    null::timestamptz as since,
    suspicion,
    last_beat_at,
    interval '5 minutes' as dead_after,
    loss,
    lasts_at_most,
    evidence
from {{ ref('base_airflow_running_tasks') }}
