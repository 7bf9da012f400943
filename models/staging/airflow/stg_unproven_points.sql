-- What can be told neither way now: whether a scheduler that has been silent for very long drains, or was killed while
-- its tasks go on; what DAGs say that are stored compressed; and whether a DAG missed ticks whose timetable cannot be
-- read, since without catch-up Airflow forgets them. What ticks by a delta, once or without a pause has no tick that is
-- forgotten, and what waits for assets alone or for a person has none at all.
{{ config(enabled=is_system('airflow')) }}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
),

unread_timetables as (
    select
        dags.dag_id,
        row_number() over (order by dags.dag_id) as place
    from {{ source('airflow', 'dags') }} as dags
    left join {{ ref('base_airflow_timetables') }} as timetables on dags.dag_id = timetables.dag_id
    where
        not dags.is_paused
        and not dags.is_stale
        and dags.next_dagrun_create_after is not null
        and dags.timetable_type not in (
            'DeltaTriggerTimetable', 'DeltaDataIntervalTimetable', 'OnceTimetable', 'ContinuousTimetable'
        )
        and (timetables.fields is null or timetables.zone is null)
        and dags.dag_id not in (select stated.schedule from stated)
        and coalesce(
            (
                select definitions.data -> 'dag' -> 'catchup'
                from {{ source('airflow', 'definitions') }} as definitions
                where definitions.dag_id = dags.dag_id
                order by definitions.last_updated desc
                limit 1
            ),
            'false'
        ) <> 'true'
)

select
    'conductor_dead' as accumulation_point,
    concat(
        'whether the scheduler drains, or was killed and its tasks go on, is not known: it gave its last sign ',
        {{ ago('beat_at') }}, ', and its tasks beat'
    ) as problem
from {{ ref('base_airflow_conductors') }}
where is_draining and coalesce(beat_at < {{ as_of() }} - interval '30 minutes', true)
union all
select
    'execution_pending' as accumulation_point,
    concat(
        'when ', count(*), ' retries are due is not known: their DAGs are stored compressed'
    ) as problem
from {{ source('airflow', 'executions') }} as tasks
left join {{ source('airflow', 'definitions') }} as definitions on tasks.dag_version_id = definitions.dag_version_id
where
    tasks.state = 'up_for_retry'
    and tasks.retry_delay_override is null
    and definitions.data is null
    and tasks.end_date < {{ as_of() }} - {{ max_age('execution_pending') }}
having count(*) > 0
union all
select
    'execution_missing' as accumulation_point,
    concat(
        'how many copies mapped tasks of ', count(distinct runs.id),
        ' runs should have is not known: their DAGs are stored compressed'
    ) as problem
from {{ source('airflow', 'jobs') }} as runs
inner join {{ source('airflow', 'lengths') }} as lengths
    on runs.dag_id = lengths.dag_id and runs.run_id = lengths.run_id
inner join {{ source('airflow', 'executions') }} as tasks
    on
        lengths.dag_id = tasks.dag_id
        and lengths.task_id = tasks.task_id
        and lengths.run_id = tasks.run_id
        and lengths.map_index = tasks.map_index
left join {{ source('airflow', 'definitions') }} as definitions on tasks.dag_version_id = definitions.dag_version_id
where
    runs.state in ('success', 'failed')
    and coalesce(runs.end_date, runs.updated_at) >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}
    and definitions.data is null
having count(*) > 0
union all
select
    'schedule_missed' as accumulation_point,
    concat(
        'when ', count(*), ' DAGs tick cannot be read (',
        string_agg(dag_id, ', ' order by place) filter (where place <= 5),
        case when count(*) > 5 then ', ...' end,
        '): they are stored compressed, or PostgreSQL does not know their zone, or their timetable is no cron',
        ' expression of five fields; say in vars: schedules how often they tick'
    ) as problem
from unread_timetables
having count(*) > 0
