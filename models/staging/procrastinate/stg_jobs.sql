-- The jobs, a branch for each state, so that PostgreSQL reads only the branches that a query asks for, through their
-- partial indexes. A retry keeps the events of the attempts before it, so that the last event of each type counts.
{{ config(enabled=is_system('procrastinate')) }}

select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'queued' as status,
    jobs.queue_name::text as queue_name,
    jobs.task_name::text as job_kind,
    case
        when jobs.scheduled_at > {{ as_of() }} then 'due_time'
        when heads.job_id <> jobs.id then 'lock'
    end as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    {{ first_event('jobs.id', ['deferred']) }} as created_at,
    nullif(
        greatest(
            coalesce(jobs.scheduled_at, '-infinity'),
            {{ last_event('jobs.id', ['deferred', 'deferred_for_retry', 'retried']) }}
        ),
        '-infinity'
    ) as ready_since,
    {{ last_event('jobs.id', ['deferred', 'deferred_for_retry', 'retried']) }} as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('procrastinate', 'jobs') }} as jobs
-- whoever is first in the line for a lock is taken next, be it due or not
left join (
    select distinct on (lock)
        lock,
        id as job_id
    from {{ source('procrastinate', 'jobs') }}
    where status in ('todo', 'doing') and lock is not null
    order by lock asc, (status = 'doing') desc, priority desc, id asc
) as heads on jobs.lock = heads.lock
where jobs.status = 'todo'
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'running' as status,
    jobs.queue_name::text as queue_name,
    jobs.task_name::text as job_kind,
    null::text as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    {{ first_event('jobs.id', ['deferred']) }} as created_at,
    null::timestamptz as ready_since,
    {{ last_event('jobs.id', ['started']) }} as updated_at,
    {{ last_event('jobs.id', ['started']) }} as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('procrastinate', 'jobs') }} as jobs
where jobs.status = 'doing'
{%- for state, status in [
    ('succeeded', 'completed'), ('failed', 'failed'), ('cancelled', 'cancelled'), ('aborted', 'cancelled'),
] %}
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    '{{ status }}' as status,
    jobs.queue_name::text as queue_name,
    jobs.task_name::text as job_kind,
    null::text as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    {{ last_event('jobs.id', [state]) }} as source_updated_at,
    {{ first_event('jobs.id', ['deferred']) }} as created_at,
    null::timestamptz as ready_since,
    {{ last_event('jobs.id', [state]) }} as updated_at,
    {{ last_event('jobs.id', ['started']) }} as started_at,
    {{ last_event('jobs.id', [state]) }} as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('procrastinate', 'jobs') }} as jobs
where jobs.status = '{{ state }}'
{%- endfor %}
