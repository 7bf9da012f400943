-- The last sign of life of whoever runs a task. Tasks run for hours in many a DAG: how long one may is taken from its
-- own past, and a day where it has none. A beat that no clock can have shown yet is none.
{{ config(enabled=is_system('airflow')) }}

-- of those alone that run for long, each once, however many copies of it do
with long_tasks as (
    select distinct
        dag_id,
        task_id
    from {{ source('airflow', 'executions') }}
    where state in ('running', 'restarting') and start_date < {{ as_of() }} - {{ max_age('execution_running') }}
),

past as (
    select
        long_tasks.dag_id,
        long_tasks.task_id,
        coalesce(3 * max(done.duration) * interval '1 second', interval '1 day') as lasts_at_most
    from long_tasks
    left join lateral (
        select earlier.duration
        from {{ source('airflow', 'executions') }} as earlier
        where
            earlier.dag_id = long_tasks.dag_id
            and earlier.task_id = long_tasks.task_id
            and earlier.state = 'success'
            and earlier.duration is not null
        -- which its index has: the names of scheduled runs are in the order of their times
        order by earlier.run_id desc, earlier.map_index desc
        limit 20
    ) as done on true
    group by long_tasks.dag_id, long_tasks.task_id
),

-- whether any task at all has been heard of late: they all beat through the API server
hearing as (
    select
        coalesce(
            bool_or(last_heartbeat_at between {{ as_of() }} - interval '1 minute' and {{ latest_of_a_job() }}), false
        ) as is_any_heard
    from {{ source('airflow', 'executions') }}
    where state in ('running', 'restarting')
)

select
    tasks.execution_id,
    tasks.job_id,
    tasks.jobspec_id,
    tasks.pool,
    tasks.job_kind,
    case
        when signals.beat_at >= {{ as_of() }} - interval '1 minute' then 'worker_holding'
        when signals.beat_at >= {{ as_of() }} - interval '5 minutes' then 'worker_silent'
        else 'worker_lost'
    end as suspicion,
    signals.beat_at as last_beat_at,
    case when hearing.is_any_heard then 'heartbeat_stopped' else 'all_silent' end as loss,
    past.lasts_at_most,
    concat(
        'try ', tasks.try_number, ' on ', coalesce(tasks.hostname, 'an unknown host'),
        ' by process ' || tasks.pid,
        ', last beat ', {{ ago('coalesce(tasks.last_heartbeat_at, tasks.start_date)') }}, ', dead after 5 min',
        case when not hearing.is_any_heard then ', and no other task is heard of' end
    ) as evidence
from {{ ref('base_airflow_executions') }} as tasks
cross join hearing
cross join
    lateral (
        select
            case
                when tasks.last_heartbeat_at <= {{ latest_of_a_job() }} then tasks.last_heartbeat_at
                else tasks.start_date
            end as beat_at
    ) as signals
left join past
    on
        tasks.dag_id = past.dag_id
        and tasks.task_id = past.task_id
        and tasks.start_date < {{ as_of() }} - {{ max_age('execution_running') }}
where tasks.state in ('running', 'restarting')
