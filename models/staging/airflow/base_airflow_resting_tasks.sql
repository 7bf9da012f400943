-- The tasks that rest until a time, an event or a person, each with when that is over. How long a retry with a growing
-- delay rests is known within bounds alone: the upper one is taken, and a day where the DAG does not say. A try that
-- ended in the future is no reason to rest.
{{ config(enabled=is_system('airflow')) }}

with retries as (
    select
        tasks.id,
        tasks.dag_id,
        tasks.end_date as ended_at,
        tasks.end_date + make_interval(
            secs => coalesce(
                tasks.retry_delay_override,
                case
                    when defined.backoff > 1
                        then least(
                            greatest(defined.retry_delay_seconds, 1)
                            * power(defined.backoff, least(tasks.try_number - 1, 60)) * 2,
                            86400
                        )
                    else defined.retry_delay_seconds
                end,
                86400
            )::double precision
        ) as since
    from {{ source('airflow', 'executions') }} as tasks
    left join {{ ref('base_airflow_tasks') }} as defined
        on tasks.dag_version_id = defined.dag_version_id and tasks.task_id = defined.task_id
    where tasks.state = 'up_for_retry'
),

reschedules as (
    select
        tasks.id,
        tasks.dag_id,
        null::timestamptz as ended_at,
        coalesce(last_look.reschedule_date, tasks.end_date, tasks.updated_at) as since
    from {{ source('airflow', 'executions') }} as tasks
    left join lateral (
        select reschedules.reschedule_date
        from {{ source('airflow', 'reschedules') }} as reschedules
        where reschedules.ti_id = tasks.id
        order by reschedules.id desc
        limit 1
    ) as last_look on true
    where tasks.state = 'up_for_reschedule'
),

deferrals as (
    select
        tasks.id,
        tasks.trigger_timeout,
        triggers.id is null as is_gone,
        coalesce(triggerers.latest_heartbeat, triggers.created_date, tasks.updated_at) as since,
        coalesce(
            triggerers.latest_heartbeat
            between {{ as_of() }} - {{ max_age('conductor_dead') }} and {{ latest_plausible() }},
            false
        ) as is_held
    from {{ source('airflow', 'executions') }} as tasks
    left join {{ source('airflow', 'triggers') }} as triggers on tasks.trigger_id = triggers.id
    left join {{ source('airflow', 'processes') }} as triggerers
        on triggers.triggerer_id = triggerers.id and triggerers.state = 'running'
    where tasks.state = 'deferred'
),

timed as (
    select * from retries
    union all
    select * from reschedules
)

select
    timed.id,
    timed.since,
    case
        when dags.is_paused then 'pause'
        when timed.ended_at > {{ latest_of_a_job() }} then null
        when timed.since > {{ as_of() }} then 'due_time'
    end as waits_for,
    case when coalesce(dags.is_stale, true) then 'dag_gone' else scheduler.suspicion end as suspicion
from timed
cross join {{ ref('base_airflow_scheduler') }} as scheduler
left join {{ source('airflow', 'dags') }} as dags on timed.dag_id = dags.dag_id
union all
select
    deferrals.id,
    least(deferrals.since, deferrals.trigger_timeout) as since,
    case
        when deferrals.is_held and coalesce(deferrals.trigger_timeout > {{ as_of() }}, true) then 'message'
    end as waits_for,
    case
        when deferrals.trigger_timeout <= {{ as_of() }} then scheduler.suspicion
        when deferrals.is_gone then 'trigger_gone'
        when not triggerer.is_alive then 'triggerer_dead'
    end as suspicion
from deferrals
cross join {{ ref('base_airflow_scheduler') }} as scheduler
inner join {{ ref('base_airflow_conductors') }} as triggerer on triggerer.conductor = 'triggerer'
