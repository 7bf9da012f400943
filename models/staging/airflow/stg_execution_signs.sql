-- What is known of each open task: what it waits for, since when it could go on, and the last sign of life of whoever
-- runs it. Tasks run for hours in many a DAG: how long one may is taken from its own past, and a day where it has none.
{{ config(enabled=is_system('airflow')) }}

with open_tasks as (
    select * from {{ ref('base_airflow_executions') }}
    where
        state in (
            'scheduled', 'queued', 'running', 'restarting', 'up_for_retry', 'up_for_reschedule', 'deferred',
            'awaiting_input'
        )
),

waiting as (
    select * from {{ ref('base_airflow_due_tasks') }}
    union all
    select * from {{ ref('base_airflow_resting_tasks') }}
),

scheduler as (
    select * from {{ ref('base_airflow_scheduler') }}
),

-- whether any task at all has been heard of late: they all beat through the API server
hearing as (
    select coalesce(max(last_heartbeat_at) >= {{ as_of() }} - interval '1 minute', false) as is_any_heard
    from {{ source('airflow', 'executions') }}
    where state in ('running', 'restarting')
),

-- of those alone that run for long, each once, however many copies of it do
long_tasks as (
    select distinct
        dag_id,
        task_id
    from open_tasks
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
)

select
    open_tasks.execution_id,
    open_tasks.job_id,
    open_tasks.jobspec_id,
    open_tasks.pool as queue_name,
    open_tasks.job_kind,
    waiting.waits_for,
    waiting.since,
    coalesce(
        waiting.suspicion, case when open_tasks.try_number > 1 then 'retry_not_taken' else 'not_taken' end
    ) as suspicion,
    null::timestamptz as last_beat_at,
    null::interval as dead_after,
    null::text as loss,
    null::interval as lasts_at_most,
    concat(
        open_tasks.state, ' in pool ', open_tasks.pool, ', try ', open_tasks.try_number,
        ', the scheduler''s last beat ',
        {{ ago('scheduler.beat_at') }},
        case
            when scheduler.held_since is not null
                then concat(', an idle transaction with locks that it needs began ', {{ ago('scheduler.held_since') }})
        end
    ) as evidence
from waiting
inner join open_tasks on waiting.id = open_tasks.id
cross join scheduler
union all
select
    open_tasks.execution_id,
    open_tasks.job_id,
    open_tasks.jobspec_id,
    open_tasks.pool as queue_name,
    open_tasks.job_kind,
    case when open_tasks.state = 'awaiting_input' then 'message' end as waits_for,
    open_tasks.queued_dttm as since,
    coalesce(
        scheduler.suspicion, case when open_tasks.try_number > 1 then 'retry_not_taken' else 'not_taken' end
    ) as suspicion,
    null::timestamptz as last_beat_at,
    null::interval as dead_after,
    null::text as loss,
    null::interval as lasts_at_most,
    concat(
        open_tasks.state, ' in pool ', open_tasks.pool, ', try ', open_tasks.try_number,
        ', the scheduler''s last beat ',
        {{ ago('scheduler.beat_at') }}
    ) as evidence
from open_tasks
cross join scheduler
where open_tasks.state in ('queued', 'awaiting_input')
union all
select
    open_tasks.execution_id,
    open_tasks.job_id,
    open_tasks.jobspec_id,
    open_tasks.pool as queue_name,
    open_tasks.job_kind,
    null::text as waits_for,
    null::timestamptz as since,
    case
        when signals.beat_at >= {{ as_of() }} - interval '1 minute' then 'worker_holding'
        when signals.beat_at >= {{ as_of() }} - interval '5 minutes' then 'worker_silent'
        else 'worker_lost'
    end as suspicion,
    signals.beat_at as last_beat_at,
    interval '5 minutes' as dead_after,
    case when hearing.is_any_heard then 'heartbeat_stopped' else 'all_silent' end as loss,
    past.lasts_at_most,
    concat(
        'try ', open_tasks.try_number, ' on ', coalesce(open_tasks.hostname, 'an unknown host'),
        ' by process ' || open_tasks.pid,
        ', last beat ', {{ ago('signals.beat_at') }}, ', dead after 5 min',
        case when not hearing.is_any_heard then ', and no other task is heard of' end
    ) as evidence
from open_tasks
cross join hearing
cross join lateral (select coalesce(open_tasks.last_heartbeat_at, open_tasks.start_date) as beat_at) as signals
left join past
    on
        open_tasks.dag_id = past.dag_id
        and open_tasks.task_id = past.task_id
        and open_tasks.start_date < {{ as_of() }} - {{ max_age('execution_running') }}
where open_tasks.state in ('running', 'restarting')
