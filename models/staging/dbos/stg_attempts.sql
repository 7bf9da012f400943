-- The workflows that ended of late, well or not; the newest alone if they are very many. A step that is tried again
-- leaves no trace until it ends, and a workflow that is cancelled did not fail.
{{ config(enabled=is_system('dbos')) }}

select
    workflow_uuid as job_id,
    name as job_kind,
    queue_name,
    {{ from_epoch_ms('completed_at') }} as ended_at,
    status <> 'SUCCESS' as is_failed,
    null::text as error
from {{ source('dbos', 'jobs') }}
where
    status in ('SUCCESS', 'ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
    and completed_at between {{ epoch_ms(as_of() ~ ' - ' ~ minutes(var('provider_window_minutes'))) }}
    and {{ epoch_ms(latest_plausible()) }}
order by completed_at desc
limit {{ var('provider_window_executions') }}
