-- The runs that failed, of a time that somebody may still look at, or that nothing dates: Airflow keeps them for ever.
-- The task that failed first stands for what went wrong; its error is in its logs alone.
{{ config(enabled=is_system('airflow')) }}

select
    runs.id as job_id,
    concat_ws('/', runs.dag_id, runs.run_id) as jobspec_id,
    'failed' as status,
    'dead' as kind,
    null::text as queue_name,
    runs.dag_id::text as job_kind,
    coalesce(runs.end_date, runs.updated_at) as given_up_at,
    failed.try_number::bigint as attempts,
    failed.max_tries::bigint + 1 as max_attempts,
    'task ' || failed.task_id || ' failed' as error,
    case
        when failed.task_id is null then 'unknown'
        when failed.try_number > failed.max_tries then 'retries_exhausted'
        else 'permanent_failure'
    end as cause
from {{ source('airflow', 'jobs') }} as runs
left join lateral (
    select
        tasks.task_id,
        tasks.try_number,
        tasks.max_tries
    from {{ source('airflow', 'executions') }} as tasks
    where tasks.dag_id = runs.dag_id and tasks.run_id = runs.run_id and tasks.state = 'failed'
    order by tasks.end_date asc, tasks.task_id asc
    limit 1
) as failed on true
where
    runs.state = 'failed'
    and coalesce(
        coalesce(runs.end_date, runs.updated_at) >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}, true
    )
