-- The jobs that are not tried again. When one failed is not stored: its next attempt was put off by a time that the
-- number of attempts tells, also after the last. Killed in its last attempt it has no error, and is freed much later.
-- Whoever marks a job as failed by hand moves updated_at, which no attempt does. The error's text may quote what the
-- job carries, so that only a known kind of it is taken over.
{{ config(enabled=is_system('graphile_worker')) }}
{% set known_errors = [
    'EACCES', 'EAI_AGAIN', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'EMFILE', 'ENETUNREACH', 'ENOENT',
    'ENOMEM', 'ENOSPC', 'ENOTFOUND', 'EPERM', 'EPIPE', 'ETIMEDOUT',
] %}

with failed as (
    select
        id,
        task_id,
        job_queue_id,
        key,
        run_at,
        attempts,
        max_attempts,
        last_error,
        created_at,
        updated_at,
        run_at - exp(least(attempts, 10)) * interval '1 second' as failed_at
    from {{ source('graphile_worker', 'jobs') }}
    where locked_at is null and attempts >= max_attempts
),

judged as (
    select
        failed.*,
        case
            when last_error is null then run_at
            when updated_at > failed_at then updated_at
            else failed_at
        end as given_up_at,
        case
            when last_error is null then 'no_error'
            when updated_at > failed_at then 'permanent_failure'
            when last_error like 'Forced worker shutdown due to %' then 'shutdown'
            else 'retries_exhausted'
        end as cause
    from failed
)

select
    judged.id as job_id,
    judged.id::text as jobspec_id,
    'failed' as status,
    case when judged.cause = 'shutdown' then 'interrupted' else 'dead' end as kind,
    job_queues.queue_name,
    tasks.identifier as job_kind,
    judged.given_up_at,
    judged.attempts::bigint as attempts,
    judged.max_attempts::bigint as max_attempts,
    case judged.cause
        when 'no_error'
            then 'no error, its worker died in the last attempt, or its key was added again or removed meanwhile'
        when 'permanent_failure' then 'marked as failed by hand'
        when 'shutdown' then 'cut off by the shutdown of its worker'
        else substring(judged.last_error from '\m({{ known_errors | join('|') }})\M')
    end as error,
    judged.cause
from judged
left join {{ source('graphile_worker', 'tasks') }} as tasks on judged.task_id = tasks.id
left join {{ source('graphile_worker', 'job_queues') }} as job_queues on judged.job_queue_id = job_queues.id
where
    coalesce(judged.given_up_at >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}, true)
    -- its key was added again while it was at work: whatever became of it, another job does its work
    and not exists (
        select 1 from {{ source('graphile_worker', 'jobs') }} as successors
        where
            judged.key is null
            and judged.updated_at > judged.created_at
            and successors.task_id = judged.task_id
            and successors.created_at = judged.updated_at
            and successors.key is not null
    )
