-- The jobs that failed for good, and those that a shutdown cut off: they end as aborted, though nobody asked for it.
-- Procrastinate keeps all of them for ever; those of a time that somebody may still look at are listed.
{{ config(enabled=is_system('procrastinate')) }}
{% set begin = as_of() ~ ' - ' ~ minutes(var('given_up_window_minutes')) %}

with ends as (
    select
        job_id,
        type,
        max(at) as ended_at
    from {{ source('procrastinate', 'events') }}
    where
        type in ('failed', 'aborted')
        and at >= {{ begin }}
        and id >= {{ first_id_since(source('procrastinate', 'events'), begin, undated=['scheduled']) }}
    group by job_id, type
)

select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    jobs.status::text as status,
    case when jobs.status = 'failed' then 'dead' else 'interrupted' end as kind,
    jobs.queue_name::text as queue_name,
    jobs.task_name::text as job_kind,
    ends.ended_at as given_up_at,
    jobs.attempts::bigint as attempts,
    null::bigint as max_attempts,
    case when jobs.status = 'aborted' then 'cut off by the shutdown of its worker' end as error,
    case when jobs.status = 'failed' then 'unknown' else 'shutdown' end as cause
from ends
inner join {{ source('procrastinate', 'jobs') }} as jobs
    on ends.job_id = jobs.id and ends.type::text = jobs.status::text
where
    jobs.status = 'failed'
    or {{ last_event('jobs.id', ['abort_requested']) }} is null
