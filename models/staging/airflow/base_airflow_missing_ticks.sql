-- The first tick of each schedule for which no run was made, and no limit on its runs says why. Without catch-up a
-- scheduler that comes back makes the newest one alone, and those before it leave no trace.
{{ config(enabled=is_system('airflow')) }}

with timetables as materialized (
    select * from {{ ref('base_airflow_timetables') }}
    where fields is not null and zone is not null
),

-- the last one before the last day, and the eleventh newest
first_runs as (
    select
        timetables.dag_id,
        least(
            (
                select jobs.logical_date
                from {{ source('airflow', 'jobs') }} as jobs
                where
                    jobs.dag_id = timetables.dag_id
                    and jobs.run_after < timetables.since
                    and jobs.logical_date is not null
                    and jobs.run_type in ('scheduled', 'backfill')
                order by jobs.logical_date desc
                limit 1
            ),
            coalesce(
                (
                    select jobs.logical_date
                    from {{ source('airflow', 'jobs') }} as jobs
                    where
                        jobs.dag_id = timetables.dag_id
                        and jobs.logical_date is not null
                        and jobs.run_type in ('scheduled', 'backfill')
                    order by jobs.logical_date desc
                    limit 1 offset 10
                ),
                '-infinity'
            )
        ) as logical_date
    from timetables
),

-- those of the last day, and ten at least
pauses as (
    select
        timetables.dag_id,
        runs.run_after,
        runs.pause
    from timetables
    inner join first_runs on timetables.dag_id = first_runs.dag_id
    cross join
        lateral (
            select
                newest.run_after,
                newest.run_after - lead(newest.run_after) over (order by newest.logical_date desc) as pause,
                row_number() over (order by newest.logical_date desc) as place
            from (
                select
                    jobs.run_after,
                    jobs.logical_date
                from {{ source('airflow', 'jobs') }} as jobs
                where
                    jobs.dag_id = timetables.dag_id
                    and jobs.logical_date >= first_runs.logical_date
                    and jobs.run_type in ('scheduled', 'backfill')
                order by jobs.logical_date desc
                limit 1500
            ) as newest
        ) as runs
    where runs.place <= 10 or runs.run_after >= timetables.since
),

-- an expression is dear to read: not that of a schedule whose runs are as far apart as the next one is from the last
steady as (
    select pauses.dag_id
    from pauses
    inner join {{ source('airflow', 'dags') }} as dags on pauses.dag_id = dags.dag_id
    group by pauses.dag_id, dags.next_dagrun_create_after
    having
        count(*) >= 3
        and min(pauses.pause) = max(pauses.pause)
        and dags.next_dagrun_create_after = max(pauses.run_after) + max(pauses.pause)
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
    and timetables.dag_id not in (select steady.dag_id from steady)
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
