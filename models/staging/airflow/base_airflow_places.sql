-- The tasks that hold a place of their pool, run or task. A place that became free less than a minute ago counts as
-- held: until then the scheduler may not have given it to the next one.
{{ config(enabled=is_system('airflow')) }}

select
    dag_id,
    run_id,
    task_id,
    pool,
    pool_slots,
    state
from {{ source('airflow', 'executions') }}
where state in ('queued', 'running', 'restarting', 'deferred', 'awaiting_input')
union all
-- a heartbeat is five minutes older than the end of a task that was found dead
select
    dag_id,
    run_id,
    task_id,
    pool,
    pool_slots,
    'running' as state
from {{ source('airflow', 'executions') }}
where
    last_heartbeat_at >= {{ as_of() }} - interval '10 minutes'
    and end_date between {{ as_of() }} - interval '1 minute' and {{ latest_plausible() }}
    and state in ('success', 'failed', 'skipped', 'up_for_retry', 'up_for_reschedule')
