-- The jobs, a branch for each state, which no column names. What is done is gone. Of the jobs of a named queue one is
-- taken at a time, so that all others wait for it; is_available says nothing of that.
{{ config(enabled=is_system('graphile_worker')) }}

select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'queued' as status,
    job_queues.queue_name,
    tasks.identifier as job_kind,
    case
        when jobs.run_at > {{ as_of() }} then 'due_time'
        when job_queues.locked_at is not null or heads.job_id <> jobs.id then 'lock'
    end as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    jobs.created_at,
    -- run_at may be long before a job was added or, without a key, rescheduled; with a key updated_at moves whenever it
    -- is added again, which is no excuse
    greatest(jobs.created_at, jobs.run_at, case when jobs.key is null then jobs.updated_at end) as ready_since,
    jobs.updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('graphile_worker', 'jobs') }} as jobs
left join {{ source('graphile_worker', 'tasks') }} as tasks on jobs.task_id = tasks.id
left join {{ source('graphile_worker', 'job_queues') }} as job_queues on jobs.job_queue_id = job_queues.id
left join (
    select distinct on (job_queue_id)
        job_queue_id,
        id as job_id
    from {{ source('graphile_worker', 'jobs') }}
    where is_available and job_queue_id is not null and run_at <= {{ as_of() }}
    order by job_queue_id, priority, run_at, id
) as heads on jobs.job_queue_id = heads.job_queue_id
where jobs.is_available
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'running' as status,
    job_queues.queue_name,
    tasks.identifier as job_kind,
    null::text as waits_for,
    -- counted when it is taken
    greatest(jobs.attempts - 1, 0)::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    jobs.created_at,
    null::timestamptz as ready_since,
    jobs.locked_at as updated_at,
    jobs.locked_at as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('graphile_worker', 'jobs') }} as jobs
left join {{ source('graphile_worker', 'tasks') }} as tasks on jobs.task_id = tasks.id
left join {{ source('graphile_worker', 'job_queues') }} as job_queues on jobs.job_queue_id = job_queues.id
where jobs.locked_at is not null
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'failed' as status,
    job_queues.queue_name,
    tasks.identifier as job_kind,
    null::text as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    null::timestamptz as source_updated_at,
    jobs.created_at,
    null::timestamptz as ready_since,
    jobs.updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('graphile_worker', 'jobs') }} as jobs
left join {{ source('graphile_worker', 'tasks') }} as tasks on jobs.task_id = tasks.id
left join {{ source('graphile_worker', 'job_queues') }} as job_queues on jobs.job_queue_id = job_queues.id
where jobs.locked_at is null and jobs.attempts >= jobs.max_attempts
