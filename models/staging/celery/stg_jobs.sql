-- The tasks as jobs: those that have a message, wherever it is, and those that have a row and no message. What was
-- sent again with the id of a task that has ended is live. A chord that is counted is a job by the id of its group, and
-- waits for its members. A branch with a constant for each status.
{{ config(enabled=is_system('celery')) }}

select
    task_id as job_id,
    task_id as jobspec_id,
    'queued' as status,
    queue_name,
    job_kind,
    case when not is_due then 'due_time' end as waits_for,
    attempts,
    false as is_polled,
    coalesce(first_seen_at, delivered_at) as source_created_at,
    coalesce(first_seen_at, delivered_at) as source_updated_at,
    coalesce(first_seen_at, delivered_at) as created_at,
    greatest(first_seen_at, delivered_at, due_at) as ready_since,
    coalesce(first_seen_at, delivered_at) as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_celery_messages') }}
where not (is_held and is_due)
union all
select
    task_id as job_id,
    task_id as jobspec_id,
    'running' as status,
    queue_name,
    job_kind,
    null::text as waits_for,
    attempts,
    false as is_polled,
    began_at as source_created_at,
    written_at as source_updated_at,
    null::timestamptz as created_at,
    null::timestamptz as ready_since,
    written_at as updated_at,
    began_at as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_celery_running') }}
{%- for state, status in [('SUCCESS', 'completed'), ('FAILURE', 'failed'), ('REVOKED', 'cancelled')] %}
union all
select
    task_id as job_id,
    task_id as jobspec_id,
    '{{ status }}' as status,
    queue_name,
    job_kind,
    null::text as waits_for,
    retries as attempts,
    false as is_polled,
    written_at as source_created_at,
    written_at as source_updated_at,
    null::timestamptz as created_at,
    null::timestamptz as ready_since,
    written_at as updated_at,
    started_at,
    written_at as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_celery_results') }}
where
    status = '{{ state }}'
    and task_id not in (select messages.task_id from {{ ref('base_celery_messages') }} as messages)
{%- endfor %}
union all
select
    task_id as job_id,
    task_id as jobspec_id,
    'running' as status,
    queue_name,
    job_kind,
    'child' as waits_for,
    null::bigint as attempts,
    false as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    null::timestamptz as created_at,
    null::timestamptz as ready_since,
    null::timestamptz as updated_at,
    since as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_celery_chords') }}
where is_counted
union all
-- no state at all
select
    task_id as job_id,
    task_id as jobspec_id,
    status,
    queue_name,
    job_kind,
    null::text as waits_for,
    retries as attempts,
    false as is_polled,
    written_at as source_created_at,
    written_at as source_updated_at,
    null::timestamptz as created_at,
    null::timestamptz as ready_since,
    written_at as updated_at,
    started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_celery_results') }}
where
    status is null
    and task_id not in (select messages.task_id from {{ ref('base_celery_messages') }} as messages)
