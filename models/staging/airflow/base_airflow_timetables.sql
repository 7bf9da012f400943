-- The schedules that a cron expression makes, with since when each holds as it is: the last change of its DAG, or of
-- whether that was paused. Ticks before that may be those of another schedule, or were never to be.
{{ config(enabled=is_system('airflow')) }}

with newest_versions as (
    select distinct on (dag_id)
        dag_id,
        data -> 'dag' -> 'timetable' -> '__var' as timetable,
        greatest(created_at, last_updated) as changed_at
    from {{ source('airflow', 'definitions') }}
    order by dag_id asc, last_updated desc
),

pauses as (
    select
        dag_id,
        max(dttm) as paused_at
    from {{ source('airflow', 'events') }}
    where
        event in ('patch_dag', 'patch_dags', 'cli_dag_pause', 'cli_dag_unpause')
        and dttm between {{ as_of() }} - interval '1 day' and {{ latest_plausible() }}
    group by dag_id
)

select
    dags.dag_id,
    {{ cron_fields("newest_versions.timetable ->> 'expression'") | indent(4) }} as fields,
    -- a name that only Python knows must not fail the query
    case
        when newest_versions.timetable ->> 'timezone' = 'UTC' then 'UTC'
        when
            newest_versions.timetable ->> 'timezone' in (select pg_timezone_names.name from pg_timezone_names)
            then newest_versions.timetable ->> 'timezone'
    end as zone,
    greatest(
        newest_versions.changed_at,
        (
            select max(pauses.paused_at) from pauses
            where pauses.dag_id = dags.dag_id or pauses.dag_id is null
        ),
        {{ as_of() }} - interval '1 day'
    ) as since
from {{ source('airflow', 'dags') }} as dags
inner join newest_versions on dags.dag_id = newest_versions.dag_id
where
    dags.timetable_type in ('CronTriggerTimetable', 'CronDataIntervalTimetable')
    and not dags.is_stale
    and not dags.is_paused
