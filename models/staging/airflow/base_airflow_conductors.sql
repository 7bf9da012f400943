-- The scheduler, the triggerer and the DAG processor, each with the last sign of life of any of its kind. A scheduler
-- that drains beats no more, and its tasks do: then they speak for it, as they would for a while if it was killed. A
-- beat that is ahead speaks only where there is no other.
{{ config(enabled=is_system('airflow')) }}

with beats as (
    select
        job_type,
        coalesce(
            max(latest_heartbeat) filter (where latest_heartbeat <= {{ latest_plausible() }}),
            max(latest_heartbeat)
        ) as beat_at
    from {{ source('airflow', 'processes') }}
    where job_type in ('SchedulerJob', 'TriggererJob', 'DagProcessorJob')
    group by job_type
),

-- a task that runs belongs to the scheduler that queued it, until that one has ended
held as (
    select max(tasks.last_heartbeat_at) as beat_at
    from {{ source('airflow', 'executions') }} as tasks
    inner join {{ source('airflow', 'processes') }} as schedulers
        on tasks.queued_by_job_id = schedulers.id and schedulers.state = 'running'
    where tasks.state = 'running' and tasks.last_heartbeat_at <= {{ latest_plausible() }}
),

judged as (
    select
        kinds.conductor,
        beats.beat_at,
        case when kinds.conductor = 'scheduler' then greatest(beats.beat_at, held.beat_at) else beats.beat_at end
            as last_beat_at,
        coalesce(
            beats.beat_at between {{ as_of() }} - {{ max_age('conductor_dead') }} and {{ latest_plausible() }}, false
        ) as is_alive,
        kinds.conductor = 'scheduler'
        and coalesce(beats.beat_at < {{ as_of() }} - {{ max_age('conductor_dead') }}, true)
        and coalesce(held.beat_at >= {{ as_of() }} - {{ max_age('conductor_dead') }}, false) as is_draining
    from (
        values
        ('scheduler', 'SchedulerJob'),
        ('triggerer', 'TriggererJob'),
        ('DAG processor', 'DagProcessorJob')
    ) as kinds (conductor, job_type)
    cross join held
    left join beats on kinds.job_type = beats.job_type
)

select
    conductor,
    beat_at,
    last_beat_at,
    is_alive,
    is_draining,
    is_alive or is_draining as is_at_work
from judged
