-- An incident of Airflow's. Setting: benchmark.incident, how many tasks get stuck, ten to a run: the half of them wait
-- for an executor that takes none, and the others ran under a scheduler that died with its workers.
with died as (
    insert into job (job_type, state, latest_heartbeat) values ('SchedulerJob', 'running', now() - interval '20 minutes')
    returning id
),

runs as (
    insert into dag_run (
        dag_id, run_id, run_type, state, run_after, created_at, queued_at, start_date, last_scheduling_decision,
        updated_at, created_dag_version_id
    )
    select
        'dag_' || number % 50, 'incident__' || number, 'manual', 'running', began, began, began, began, now(), now(),
        md5('dag_' || number % 50)::uuid
    from generate_series(1, current_setting('benchmark.incident')::integer / 10) as numbers (number)
    cross join lateral (select now() - interval '50 minutes' as began) as beginnings
    returning dag_id, run_id, start_date, created_dag_version_id
)

insert into task_instance (
    id, task_id, dag_id, run_id, map_index, start_date, state, try_number, max_tries, hostname, unixname, pool,
    pool_slots, queue, priority_weight, operator, queued_dttm, scheduled_dttm, queued_by_job_id, last_heartbeat_at, pid,
    executor_config, updated_at, context_carrier, task_display_name, dag_version_id
)
select
    gen_random_uuid(), 'task_' || task, runs.dag_id, runs.run_id, -1,
    case when planned.has_begun then runs.start_date end,
    case when planned.has_begun then 'running' else 'queued' end,
    1, 3, 'worker-8.example', 'airflow', 'default_pool', 1, 'default', 10 - task, 'PythonOperator',
    now() - interval '20 minutes', runs.start_date, died.id,
    case when planned.has_begun then now() - interval '20 minutes' end,
    4711, '\x80057d942e', now(), '{}', 'task_' || task, runs.created_dag_version_id
from runs
cross join died
cross join generate_series(0, 9) as tasks (task)
cross join lateral (select task < 5 as has_begun) as planned;

insert into planted
select
    unnest(array['worker_lost', 'execution_pending']) as point,
    current_setting('benchmark.incident')::integer / 10 * 5 as items;
