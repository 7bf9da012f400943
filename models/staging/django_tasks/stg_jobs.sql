-- The tasks as jobs: a branch with a constant for each status, so that PostgreSQL passes over what is not asked for.
-- A word that is not known is a live job that no rule can judge.
{{ config(enabled=is_system('django_tasks')) }}

select
    task_id as job_id,
    task_id::text as jobspec_id,
    'queued' as status,
    queue_name,
    task_path as job_kind,
    case when delayed_until > {{ as_of() }} then 'due_time' end as waits_for,
    starts as attempts,
    true as is_polled,
    enqueued_at as source_created_at,
    enqueued_at as source_updated_at,
    enqueued_at as created_at,
    greatest(enqueued_at, delayed_until) as ready_since,
    enqueued_at as updated_at,
    started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_django_tasks') }}
where status = 'READY'
union all
select
    task_id as job_id,
    task_id::text as jobspec_id,
    'running' as status,
    queue_name,
    task_path as job_kind,
    null::text as waits_for,
    greatest(starts - 1, 0) as attempts,
    true as is_polled,
    enqueued_at as source_created_at,
    started_at as source_updated_at,
    enqueued_at as created_at,
    null::timestamptz as ready_since,
    started_at as updated_at,
    started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_django_tasks') }}
where status = 'RUNNING'
union all
select
    task_id as job_id,
    task_id::text as jobspec_id,
    'completed' as status,
    queue_name,
    task_path as job_kind,
    null::text as waits_for,
    starts as attempts,
    true as is_polled,
    enqueued_at as source_created_at,
    finished_at as source_updated_at,
    enqueued_at as created_at,
    null::timestamptz as ready_since,
    finished_at as updated_at,
    started_at,
    finished_at as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_django_tasks') }}
where status in ('SUCCESSFUL', 'SUCCEEDED')
union all
select
    task_id as job_id,
    task_id::text as jobspec_id,
    'failed' as status,
    queue_name,
    task_path as job_kind,
    null::text as waits_for,
    starts as attempts,
    true as is_polled,
    enqueued_at as source_created_at,
    finished_at as source_updated_at,
    enqueued_at as created_at,
    null::timestamptz as ready_since,
    finished_at as updated_at,
    started_at,
    finished_at as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_django_tasks') }}
where status = 'FAILED'
union all
select
    task_id as job_id,
    task_id::text as jobspec_id,
    status,
    queue_name,
    task_path as job_kind,
    null::text as waits_for,
    starts as attempts,
    true as is_polled,
    enqueued_at as source_created_at,
    coalesce(finished_at, started_at, enqueued_at) as source_updated_at,
    enqueued_at as created_at,
    null::timestamptz as ready_since,
    coalesce(finished_at, started_at, enqueued_at) as updated_at,
    started_at,
    finished_at as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_django_tasks') }}
where status not in ('READY', 'RUNNING', 'SUCCESSFUL', 'SUCCEEDED', 'FAILED') or status is null
