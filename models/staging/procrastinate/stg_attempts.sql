-- The attempts that ended of late. The error is in the worker's log alone.
{{ config(enabled=is_system('procrastinate')) }}
{% set begin = as_of() ~ ' - ' ~ minutes(var('provider_window_minutes')) %}

select
    jobs.id as job_id,
    jobs.task_name::text as job_kind,
    jobs.queue_name::text as queue_name,
    events.at as ended_at,
    events.type in ('failed', 'deferred_for_retry') as is_failed,
    null::text as error
from {{ source('procrastinate', 'events') }} as events
inner join {{ source('procrastinate', 'jobs') }} as jobs on events.job_id = jobs.id
where
    events.type in ('succeeded', 'failed', 'deferred_for_retry')
    and events.at >= {{ begin }}
    and events.id >= {{ first_id_since(source('procrastinate', 'events'), begin, undated=['scheduled']) }}
