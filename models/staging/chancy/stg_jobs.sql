-- The jobs, a branch for each state. The date that a job is scheduled for is that of its declaration, which may be long
-- before it was pushed; a retry without its plug-in is due at once, and its last start is all there is. Where a worker
-- that lives has just ended a job of the queue, the next one could run since then.
{{ config(enabled=is_system('chancy')) }}

select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'queued' as status,
    jobs.queue as queue_name,
    jobs.func as job_kind,
    case
        when jobs.scheduled_at > {{ as_of() }} then 'due_time'
        -- such a job is never taken, whatever its queue does
        when jobs.attempts >= jobs.max_attempts then null
        when queues.is_paused then 'pause'
        when queues.limited_until > {{ as_of() }} then 'limit'
        when queues.is_full then 'limit'
    end as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    jobs.created_at,
    greatest(
        jobs.created_at, jobs.scheduled_at, jobs.started_at, queues.limited_until, queues.paused_until,
        case when queues.is_served and jobs.attempts < jobs.max_attempts then ends.last_ended_at end
    ) as ready_since,
    greatest(jobs.created_at, jobs.started_at) as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('chancy', 'jobs') }} as jobs
left join {{ ref('base_chancy_queues') }} as queues on jobs.queue = queues.queue_name
left join (
    select
        ended.queue,
        max(ended.completed_at) as last_ended_at
    from {{ source('chancy', 'jobs') }} as ended
    where ended.completed_at between {{ as_of() }} - {{ max_age('job_queued') }} and {{ as_of() }}
    group by ended.queue
) as ends on jobs.queue = ends.queue
where jobs.state in ('pending', 'retrying')
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'running' as status,
    jobs.queue as queue_name,
    jobs.func as job_kind,
    null::text as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    jobs.created_at,
    null::timestamptz as ready_since,
    jobs.started_at as updated_at,
    jobs.started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('chancy', 'jobs') }} as jobs
where jobs.state = 'running'
{%- for status, condition in [
    ('completed', "jobs.state = 'succeeded'"),
    ('failed', "jobs.state = 'failed' and coalesce(jobs.attempts >= jobs.max_attempts or jobs.claim_id is not null, true)"),
    ('cancelled', "jobs.state = 'failed' and jobs.attempts < jobs.max_attempts and jobs.claim_id is null"),
] %}
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    '{{ status }}' as status,
    jobs.queue as queue_name,
    jobs.func as job_kind,
    null::text as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    jobs.completed_at as source_updated_at,
    jobs.created_at,
    null::timestamptz as ready_since,
    jobs.completed_at as updated_at,
    jobs.started_at,
    jobs.completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('chancy', 'jobs') }} as jobs
where {{ condition }}
{%- endfor %}
union all
-- no state that Chancy has
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    jobs.state::text as status,
    jobs.queue as queue_name,
    jobs.func as job_kind,
    null::text as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    jobs.created_at,
    null::timestamptz as ready_since,
    greatest(jobs.created_at, jobs.started_at, jobs.completed_at) as updated_at,
    jobs.started_at,
    jobs.completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('chancy', 'jobs') }} as jobs
where jobs.state not in ('pending', 'retrying', 'running', 'succeeded', 'failed') or jobs.state is null
