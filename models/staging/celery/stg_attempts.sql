-- The tasks that ended of late, well or not or to be tried again. A task has one row, whatever was tried before.
{{ config(enabled=is_system('celery')) }}
{% set begin = as_of() ~ ' - ' ~ minutes(var('provider_window_minutes')) %}

select
    task_id as job_id,
    job_kind,
    queue_name,
    written_at as ended_at,
    status <> 'SUCCESS' as is_failed,
    error_class as error
from {{ ref('base_celery_results') }}
where status in ('SUCCESS', 'FAILURE', 'RETRY') and written_at > {{ begin }}
union all
select
    task_id as job_id,
    job_kind,
    queue_name,
    seen_at as ended_at,
    true as is_failed,
    error_class as error
from {{ ref('base_celery_undated_retries') }}
where seen_at > {{ begin }}
order by ended_at desc
limit {{ var('provider_window_executions') }}
