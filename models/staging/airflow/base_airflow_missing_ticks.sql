-- The first tick of each schedule for which no run was made, and no limit on its runs says why. Without catch-up a
-- scheduler that comes back makes the newest one alone, and those before it leave no trace.
{{ config(enabled=is_system('airflow')) }}

with timetables as materialized (
    select * from {{ ref('base_airflow_timetables') }}
    where fields is not null and zone is not null
)

select
    timetables.dag_id,
    min(instants.at) as missing_at
from timetables
inner join {{ source('airflow', 'dags') }} as dags on timetables.dag_id = dags.dag_id
cross join
    lateral (
        {{ cron_instants('timetables.fields', 'timetables.zone', 'timetables.since') | indent(8) }}
    ) as instants
where
    instants.at > timetables.since
    and not exists (
        select 1 from {{ source('airflow', 'jobs') }} as runs
        where
            runs.dag_id = timetables.dag_id
            and runs.run_after >= instants.at
            and runs.run_after < instants.at + interval '1 minute'
            and runs.run_type <> 'manual'
    )
    and coalesce(
        (
            select count(*)
            from {{ source('airflow', 'jobs') }} as runs
            where
                runs.dag_id = timetables.dag_id
                and runs.queued_at <= instants.at
                and coalesce(runs.end_date >= instants.at, runs.state in ('queued', 'running'))
        ) < dags.max_active_runs,
        true
    )
group by timetables.dag_id
