-- The tries that ended of late; the newest alone if they are very many. What ended well, or has tries left, has beaten
-- until then: that date has an index, and the end has none. What failed without ever beating is found by its state.
{{ config(enabled=is_system('airflow')) }}
{% set begin = as_of() ~ ' - ' ~ minutes(var('provider_window_minutes')) %}

-- found before their runs are, of which there are many more
with recent_tasks as materialized (
    select
        dag_id,
        run_id,
        task_id,
        map_index,
        state,
        try_number,
        end_date
    from {{ source('airflow', 'executions') }}
    where last_heartbeat_at >= {{ begin }} - interval '10 minutes'
),

recent as (
    select
        recent_tasks.*,
        runs.id as job_id,
        concat_ws('.', recent_tasks.dag_id, recent_tasks.task_id) as job_kind
    from recent_tasks
    inner join {{ source('airflow', 'jobs') }} as runs
        on recent_tasks.dag_id = runs.dag_id and recent_tasks.run_id = runs.run_id
),

ended as (
    select
        job_id,
        job_kind,
        end_date as ended_at,
        false as is_failed
    from recent
    where state = 'success'
    union all
    select
        job_id,
        job_kind,
        end_date as ended_at,
        true as is_failed
    from {{ ref('base_airflow_executions') }}
    where state in ('failed', 'up_for_retry')
    union all
    select
        recent.job_id,
        recent.job_kind,
        tries.end_date as ended_at,
        tries.state = 'failed' as is_failed
    from recent
    inner join {{ source('airflow', 'tries') }} as tries
        on
            recent.dag_id = tries.dag_id
            and recent.task_id = tries.task_id
            and recent.run_id = tries.run_id
            and recent.map_index = tries.map_index
            and recent.try_number > tries.try_number
    where recent.try_number > 1 and tries.state in ('success', 'failed')
)

select
    job_id,
    job_kind,
    null::text as queue_name,
    ended_at,
    is_failed,
    null::text as error
from ended
where ended_at >= {{ begin }}
order by ended_at desc
limit {{ var('provider_window_executions') }}
