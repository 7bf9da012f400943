-- When a task last began, ended or beat, or a run did the former. The dates of the last write say nothing: a scheduler
-- writes every run that is not done every second, whatever can become of it.
{{ config(enabled=is_system('airflow')) }}
{% set now = as_of() %}

with newest_tasks as (
    select
        last_heartbeat_at,
        start_date,
        end_date
    from {{ source('airflow', 'executions') }}
    where last_heartbeat_at <= {{ now }}
    order by last_heartbeat_at desc
    limit 100
),

newest_runs as (
    select
        queued_at,
        start_date,
        end_date
    from {{ source('airflow', 'jobs') }}
    where run_after <= {{ now }}
    order by run_after desc
    limit 100
),

writes as (
    select unnest(array[last_heartbeat_at, start_date, end_date]) as written_at
    from newest_tasks
    union all
    select unnest(array[queued_at, start_date, end_date]) as written_at
    from newest_runs
)

select
    max(written_at) as last_write_at,
    null::timestamptz as last_work_at,
    true as running_jobs_write
from writes
where written_at <= {{ now }}
