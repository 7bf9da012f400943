-- The workflows that failed, and those that recovery gave up after too many attempts, of a time that somebody may
-- still look at: DBOS keeps them for ever, also those that were forked. Their errors are pickled, and not read.
{{ config(enabled=is_system('dbos')) }}

select
    workflow_uuid as job_id,
    workflow_uuid as jobspec_id,
    status,
    'dead' as kind,
    queue_name,
    name as job_kind,
    {{ from_epoch_ms('coalesce(completed_at, updated_at)') }} as given_up_at,
    recovery_attempts as attempts,
    null::bigint as max_attempts,
    null::text as error,
    case when status = 'ERROR' then 'permanent_failure' else 'retries_exhausted' end as cause
from {{ source('dbos', 'jobs') }}
where
    status in ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
    and coalesce(completed_at, updated_at) >= {{ epoch_ms(as_of() ~ ' - ' ~ minutes(var('given_up_window_minutes'))) }}
