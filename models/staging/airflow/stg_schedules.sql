-- The DAGs that tick, with the last tick for which a run was made and the first one after it that is due. When the next
-- one is, Airflow says by itself, but without catch-up moves on when it was missed: then the cron expression tells.
-- What the user states is there also without a DAG that lives: it is to tick, and nobody makes it do so.
{{ config(enabled=is_system('airflow')) }}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
),

live_dags as (
    select * from {{ source('airflow', 'dags') }}
    where not is_stale
),

named_dags as (
    select
        coalesce(live_dags.dag_id, stated.schedule) as dag_id,
        coalesce(live_dags.is_paused, false) as is_paused,
        live_dags.has_import_errors,
        live_dags.exceeds_max_non_backfill,
        live_dags.next_dagrun_create_after,
        stated.period
    from live_dags
    full outer join stated on live_dags.dag_id = stated.schedule
    where live_dags.next_dagrun_create_after is not null or stated.period is not null
),

schedules as (
    select
        dags.dag_id,
        dags.is_paused,
        dags.has_import_errors,
        dags.exceeds_max_non_backfill,
        dags.next_dagrun_create_after,
        dags.period,
        missing_ticks.missing_at,
        (
            select max(newest.run_after)
            from (
                select runs.run_after
                from {{ source('airflow', 'jobs') }} as runs
                where
                    runs.dag_id = dags.dag_id
                    and runs.logical_date is not null
                    and runs.run_type = 'scheduled'
                    and runs.run_after <= {{ latest_of_a_job() }}
                order by runs.logical_date desc
                limit 1
            ) as newest
        ) as last_tick_at
    from named_dags as dags
    left join {{ ref('base_airflow_missing_ticks') }} as missing_ticks on dags.dag_id = missing_ticks.dag_id
)

select
    dag_id::text as schedule,
    null::text as queue_name,
    dag_id::text as job_kind,
    last_tick_at,
    case
        when period is not null then last_tick_at + period
        when missing_at is not null then missing_at
        -- as many runs as may be are there: the next one is made when one of them ends
        when exceeds_max_non_backfill then greatest(next_dagrun_create_after, {{ as_of() }})
        else next_dagrun_create_after
    end as next_tick_at,
    is_paused,
    null::text as blocked_by_job,
    case
        when has_import_errors then 'dag_broken'
        when period is null and missing_at < last_tick_at then 'tick_skipped'
    end as suspicion
from schedules
