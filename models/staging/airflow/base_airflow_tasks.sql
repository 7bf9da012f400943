-- What the versions of the DAGs say of their tasks, of those versions that have live work or ended of late. A version
-- that is stored compressed says nothing. A mapped task has its settings in its partial_kwargs, and there its retry
-- delay in an envelope; if it has none, that which is stored beside the DAG holds, else Airflow's five minutes.
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
        and coalesce(runs.end_date, runs.updated_at) >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}
)

select
    definitions.dag_version_id,
    tasks.task ->> 'task_id' as task_id,
    case
        when jsonb_typeof(settings.most_of_task) = 'number'
            then least(greatest(settings.most_of_task::numeric, 0), 9e18)::bigint
    end as most_of_task,
    case
        when jsonb_typeof(settings.most_of_task_in_run) = 'number'
            then least(greatest(settings.most_of_task_in_run::numeric, 0), 9e18)::bigint
    end as most_of_task_in_run,
    case
        when jsonb_typeof(settings.retry_delay) = 'number' then settings.retry_delay::numeric
        when tasks.task ->> '_is_mapped' = 'true' then 300
    end as retry_delay_seconds,
    case
        when settings.backoff = 'true' then 2
        when jsonb_typeof(settings.backoff) = 'number' then greatest(settings.backoff::numeric, 1)
        else 1
    end as backoff,
    tasks.task -> (tasks.task ->> '_expand_input_attr') as mapped_over
from versions_in_use
inner join {{ source('airflow', 'definitions') }} as definitions
    on versions_in_use.dag_version_id = definitions.dag_version_id
cross join
    lateral (
        select definitions.data -> 'client_defaults' -> 'tasks' -> 'retry_delay' as retry_delay
        limit 1 -- so that a DAG is opened for it once, and not once per task
    ) as defaults
cross join
    lateral jsonb_array_elements(
        case
            when jsonb_typeof(definitions.data -> 'dag' -> 'tasks') = 'array' then definitions.data -> 'dag' -> 'tasks'
        end
    ) as elements (element)
cross join lateral (select coalesce(elements.element -> '__var', elements.element) as task) as tasks
cross join
    lateral (
        select
            coalesce(
                tasks.task -> 'max_active_tis_per_dag', tasks.task -> 'partial_kwargs' -> 'max_active_tis_per_dag'
            ) as most_of_task,
            coalesce(
                tasks.task -> 'max_active_tis_per_dagrun', tasks.task -> 'partial_kwargs' -> 'max_active_tis_per_dagrun'
            ) as most_of_task_in_run,
            coalesce(
                tasks.task -> 'retry_delay',
                tasks.task -> 'partial_kwargs' -> 'retry_delay' -> '__var',
                case when tasks.task ->> '_is_mapped' = 'true' then defaults.retry_delay end
            ) as retry_delay,
            coalesce(
                tasks.task -> 'retry_exponential_backoff', tasks.task -> 'partial_kwargs' -> 'retry_exponential_backoff'
            ) as backoff
    ) as settings
