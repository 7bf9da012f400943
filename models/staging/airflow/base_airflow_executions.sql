-- The tasks of the runs, each named by its run, its task and its place in the map: the id of its row is another one at
-- each try. Without a WITH clause, so that PostgreSQL flattens it and finds those of a run by their index; by an outer
-- join, so that who asks for nothing of the runs does not read them.
{{ config(enabled=is_system('airflow')) }}

select
    concat_ws('/', tasks.dag_id, tasks.run_id, tasks.task_id, nullif(tasks.map_index, -1)) as execution_id,
    runs.id as job_id,
    concat_ws('/', tasks.dag_id, tasks.run_id) as jobspec_id,
    concat_ws('.', tasks.dag_id, tasks.task_id) as job_kind,
    tasks.id,
    tasks.dag_id,
    tasks.run_id,
    tasks.task_id,
    tasks.map_index,
    tasks.state,
    runs.state as run_state,
    coalesce(runs.end_date, runs.updated_at) as run_ended_at,
    tasks.try_number,
    tasks.max_tries,
    tasks.scheduled_dttm,
    tasks.queued_dttm,
    tasks.start_date,
    tasks.end_date,
    tasks.updated_at,
    tasks.last_heartbeat_at,
    tasks.hostname,
    tasks.pid,
    tasks.pool,
    tasks.pool_slots,
    tasks.trigger_id,
    tasks.trigger_timeout,
    tasks.dag_version_id,
    tasks.retry_delay_override
from {{ source('airflow', 'executions') }} as tasks
left join {{ source('airflow', 'jobs') }} as runs on tasks.dag_id = runs.dag_id and tasks.run_id = runs.run_id
