-- The tasks that failed for good, of a time that somebody may still look at, and were not sent again since.
{{ config(enabled=is_system('celery')) }}

select
    task_id as job_id,
    task_id as jobspec_id,
    status,
    'dead' as kind,
    queue_name,
    job_kind,
    written_at as given_up_at,
    retries as attempts,
    null::bigint as max_attempts,
    error_class as error,
    case when error_class = 'MaxRetriesExceededError' then 'retries_exhausted' else 'permanent_failure' end as cause
from {{ ref('base_celery_results') }}
where
    status = 'FAILURE'
    and coalesce(written_at >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}, true)
    and task_id not in (select messages.task_id from {{ ref('base_celery_messages') }} as messages)
