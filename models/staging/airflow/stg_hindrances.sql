-- What keeps the runs from going on that are due: no scheduler that decides, or no DAG any more.
{{ config(enabled=is_system('airflow')) }}

select
    id as job_id,
    suspicion as cause
from {{ ref('base_airflow_live_runs') }}
where suspicion is not null and status in ('created', 'queued')
