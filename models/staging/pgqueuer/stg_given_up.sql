-- The jobs that failed for good: those that are held for somebody, until somebody looks, and those of late that were
-- deleted when they failed, of which the log is all that is left. Of the error there is its class alone.
{{ config(enabled=is_system('pgqueuer')) }}

with held as (
    select
        id::bigint as job_id,
        status::text as status,
        entrypoint,
        updated as ended_at,
        attempts::bigint + 1 as attempts,
        (
            select entries.traceback ->> 'exception_type' from {{ source('pgqueuer', 'log') }} as entries
            where entries.job_id = jobs.id and entries.status = 'failed'
            order by entries.id desc
            limit 1
        ) as exception_class
    from {{ source('pgqueuer', 'jobs') }} as jobs
    where status = 'failed'
),

deleted as (
    select
        job_id,
        status::text as status,
        entrypoint,
        created as ended_at,
        (
            select nullif(count(*), 0) from {{ source('pgqueuer', 'log') }} as entries
            where entries.job_id = ends.job_id and entries.status = 'queued'
        ) as attempts,
        traceback ->> 'exception_type' as exception_class
    from {{ source('pgqueuer', 'log') }} as ends
    where
        status = 'exception'
        and created >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}
),

given_up as (
    select * from held
    union all
    select * from deleted
)

select
    job_id,
    job_id::text as jobspec_id,
    status,
    'dead' as kind,
    entrypoint as queue_name,
    entrypoint as job_kind,
    ended_at as given_up_at,
    attempts,
    null::bigint as max_attempts,
    exception_class as error,
    case
        when attempts > 1 then 'retries_exhausted'
        when attempts = 1 then 'permanent_failure'
        else 'unknown'
    end as cause
from given_up
