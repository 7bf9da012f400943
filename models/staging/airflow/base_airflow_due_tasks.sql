-- The tasks that the scheduler has found due, and those that it has given to an executor, with what they wait for. A
-- limit is a reason to wait only while a scheduler is at work: without one nothing would be taken if there were room.
{{ config(enabled=is_system('airflow')) }}

with due as (
    select
        tasks.id,
        tasks.dag_id,
        tasks.run_id,
        tasks.task_id,
        tasks.dag_version_id,
        tasks.pool,
        tasks.pool_slots,
        tasks.run_state,
        dags.is_paused,
        dags.is_stale,
        dags.max_active_tasks,
        tasks.scheduled_dttm as since
    from {{ ref('base_airflow_executions') }} as tasks
    left join {{ source('airflow', 'dags') }} as dags on tasks.dag_id = dags.dag_id
    where tasks.state = 'scheduled'
),

places as materialized (
    select * from {{ ref('base_airflow_places') }}
),

pools as (
    select
        pools.pool,
        pools.slots,
        coalesce(sum(places.pool_slots), 0) as held
    from {{ source('airflow', 'pools') }} as pools
    left join places
        on
            pools.pool = places.pool
            and (
                places.state in ('queued', 'running', 'restarting')
                or (places.state = 'deferred' and pools.include_deferred)
            )
    group by pools.pool, pools.slots
),

runs as (
    select
        dag_id,
        run_id,
        count(*) as held
    from places
    where state not in ('deferred', 'awaiting_input')
    group by dag_id, run_id
),

limits as (
    select
        dag_version_id,
        task_id,
        most_of_task,
        most_of_task_in_run
    from {{ ref('base_airflow_tasks') }}
    where coalesce(most_of_task, most_of_task_in_run) is not null
),

full_tasks as (
    select distinct
        due.dag_id,
        due.run_id,
        due.task_id
    from due
    inner join limits on due.dag_version_id = limits.dag_version_id and due.task_id = limits.task_id
    inner join lateral (
        select
            count(*) as held,
            count(*) filter (where places.run_id = due.run_id) as held_in_run
        from places
        where places.dag_id = due.dag_id and places.task_id = due.task_id
    ) as load on limits.most_of_task <= load.held or limits.most_of_task_in_run <= load.held_in_run
)

select
    due.id,
    due.since,
    case
        when due.is_paused or pools.slots = 0 then 'pause'
        when due.run_state = 'queued' then 'parent'
        when not scheduler.is_at_work or due.is_stale or pools.slots between 1 and due.pool_slots - 1 then null
        when pools.slots > 0 and pools.held + due.pool_slots > pools.slots then 'limit'
        when runs.held >= due.max_active_tasks then 'limit'
        when full_tasks.task_id is not null then 'limit'
    end as waits_for,
    case
        when coalesce(due.is_stale, true) then 'dag_gone'
        when pools.pool is null then 'pool_gone'
        when pools.slots between 1 and due.pool_slots - 1 then 'pool_too_small'
        else scheduler.suspicion
    end as suspicion
from due
cross join {{ ref('base_airflow_scheduler') }} as scheduler
left join pools on due.pool = pools.pool
left join runs on due.dag_id = runs.dag_id and due.run_id = runs.run_id
left join full_tasks
    on due.dag_id = full_tasks.dag_id and due.run_id = full_tasks.run_id and due.task_id = full_tasks.task_id
