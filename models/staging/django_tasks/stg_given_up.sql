-- The tasks that failed of late, which nothing tries again. A worker that is told twice to stop ends its task by
-- SystemExit. Of the error there is its class alone: a message or a traceback may quote what the task was called
-- with.
{{ config(enabled=is_system('django_tasks')) }}

select
    task_id as job_id,
    task_id::text as jobspec_id,
    status,
    case when exception_class = 'builtins.SystemExit' then 'interrupted' else 'dead' end as kind,
    queue_name,
    task_path as job_kind,
    finished_at as given_up_at,
    starts as attempts,
    null::bigint as max_attempts,
    exception_class as error,
    case when exception_class = 'builtins.SystemExit' then 'shutdown' else 'permanent_failure' end as cause
from {{ ref('base_django_tasks') }}
where
    status = 'FAILED'
    and coalesce(finished_at >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}, true)
