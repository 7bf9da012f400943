-- What the versions of the DAGs say of their tasks, of those versions that have live work or ended of late. A version
-- that is stored compressed says nothing.
{{ config(enabled=is_system('airflow')) }}

with versions_in_use as (
    select dag_version_id
    from {{ source('airflow', 'executions') }}
    where state in ('scheduled', 'queued', 'running', 'up_for_retry')
    union
    select tasks.dag_version_id
    from {{ source('airflow', 'jobs') }} as runs
    inner join {{ source('airflow', 'lengths') }} as lengths
        on runs.dag_id = lengths.dag_id and runs.run_id = lengths.run_id
    inner join {{ source('airflow', 'executions') }} as tasks
        on runs.dag_id = tasks.dag_id and runs.run_id = tasks.run_id
    where
        runs.state in ('success', 'failed')
        and runs.end_date >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}
)

select
    definitions.dag_version_id,
    tasks.task ->> 'task_id' as task_id,
    (tasks.task ->> 'max_active_tis_per_dag')::bigint as most_of_task,
    (tasks.task ->> 'max_active_tis_per_dagrun')::bigint as most_of_task_in_run,
    (tasks.task ->> 'retry_delay')::numeric as retry_delay_seconds,
    case coalesce(tasks.task ->> 'retry_exponential_backoff', 'false')
        when 'false' then 1 when 'true' then 2
        else greatest((tasks.task ->> 'retry_exponential_backoff')::numeric, 1)
    end as backoff,
    tasks.task -> (tasks.task ->> '_expand_input_attr') as mapped_over
from versions_in_use
inner join {{ source('airflow', 'definitions') }} as definitions
    on versions_in_use.dag_version_id = definitions.dag_version_id
cross join
    lateral jsonb_array_elements(
        case
            when jsonb_typeof(definitions.data -> 'dag' -> 'tasks') = 'array' then definitions.data -> 'dag' -> 'tasks'
        end
    ) as elements (element)
cross join lateral (select coalesce(elements.element -> '__var', elements.element) as task) as tasks
