-- The tasks that ended of late. There are no retries, so that a task is one attempt; one that a shutdown cut off has
-- not failed by itself.
{{ config(enabled=is_system('django_tasks')) }}

select
    task_id as job_id,
    task_path as job_kind,
    queue_name,
    finished_at as ended_at,
    (status = 'FAILED' and exception_class is distinct from 'builtins.SystemExit') as is_failed,
    exception_class as error
from {{ ref('base_django_tasks') }}
where
    status in ('FAILED', 'SUCCESSFUL', 'SUCCEEDED')
    and finished_at > {{ as_of() }} - {{ minutes(var('provider_window_minutes')) }}
order by finished_at desc
limit {{ var('provider_window_executions') }}
