-- What keeps the runs from going on that are due: no scheduler that decides, or no DAG any more.
{{ config(enabled=is_system('airflow')) }}

select
    runs.id as job_id,
    case when runs.is_dag_gone then 'dag_gone' else scheduler.suspicion end as cause
from {{ ref('base_airflow_live_runs') }} as runs
cross join {{ ref('base_airflow_scheduler') }} as scheduler
where runs.status in ('created', 'queued') and (runs.is_dag_gone or scheduler.suspicion is not null)
