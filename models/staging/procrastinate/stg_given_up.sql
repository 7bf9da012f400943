-- The jobs that failed for good, and those that a shutdown cut off: they end as aborted, though nobody asked for it.
-- Procrastinate keeps all of them for ever; those of a time that somebody may still look at are listed. When one failed
-- without an event is not known: it is listed unless the log, by the ids of its jobs, shows that it is older than that.
{{ config(enabled=is_system('procrastinate')) }}
{% set begin = as_of() ~ ' - ' ~ minutes(var('given_up_window_minutes')) %}

with recent_events as (
    select {{ first_id_since(source('procrastinate', 'events'), begin, undated=['scheduled']) | indent }} as first_id
),

dated_ends as (
    select
        job_id,
        type::text as type,
        max(at) as ended_at
    from {{ source('procrastinate', 'events') }}
    where
        type in ('failed', 'aborted')
        and at >= {{ begin }}
        and id >= (select recent_events.first_id from recent_events)
    group by job_id, type
),

newest_job_before as (
    select max(earlier_events.job_id) as job_id
    from (
        select events.job_id
        from {{ source('procrastinate', 'events') }} as events
        where events.id < (select recent_events.first_id from recent_events)
        order by events.id desc
        limit 1000
    ) as earlier_events
),

undated_ends as (
    select
        jobs.id as job_id,
        'failed' as type,
        null::timestamptz as ended_at
    from {{ source('procrastinate', 'jobs') }} as jobs
    where
        jobs.status = 'failed'
        -- between, since of a bound alone PostgreSQL expects a third of the table
        and jobs.id between coalesce((select newest_job_before.job_id + 1 from newest_job_before), 0) and (
            select max(newest.id) from {{ source('procrastinate', 'jobs') }} as newest
        )
        and {{ last_event('jobs.id', ['failed']) }} is null
),

ends as (
    select * from dated_ends
    union all
    select * from undated_ends
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
    on ends.job_id = jobs.id and ends.type = jobs.status::text
where
    jobs.status = 'failed'
    or {{ last_event('jobs.id', ['abort_requested']) }} is null
