-- The attempts that ended of late. One that asked to be retried is logged as queued, with its error; its class is then
-- that of the wish to be retried. The newest alone if they are very many.
{{ config(enabled=is_system('pgqueuer')) }}

select
    job_id,
    entrypoint as job_kind,
    null::text as queue_name,
    created as ended_at,
    status <> 'successful' as is_failed,
    traceback ->> 'exception_type' as error
from {{ source('pgqueuer', 'log') }}
where
    created >= {{ as_of() }} - {{ minutes(var('provider_window_minutes')) }}
    and (
        status in ('successful', 'exception', 'failed')
        or (status = 'queued' and jsonb_typeof(traceback) = 'object')
    )
order by created desc
limit {{ var('provider_window_executions') }}
