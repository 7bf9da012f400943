-- The workflows that failed, and those that recovery gave up after too many attempts, of a time that somebody may
-- still look at, or that nothing dates: DBOS keeps them for ever, also those that were forked. Their errors are
-- pickled, and not read.
{{ config(enabled=is_system('dbos')) }}

with failures as (
    select
        workflow_uuid,
        status,
        queue_name,
        name,
        recovery_attempts,
        coalesce({{ from_epoch_ms('completed_at') }}, {{ from_epoch_ms('updated_at') }}) as given_up_at
    from {{ source('dbos', 'jobs') }}
    where status in ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
)

select
    workflow_uuid as job_id,
    workflow_uuid as jobspec_id,
    status,
    'dead' as kind,
    queue_name,
    name as job_kind,
    given_up_at,
    recovery_attempts as attempts,
    null::bigint as max_attempts,
    null::text as error,
    case when status = 'ERROR' then 'permanent_failure' else 'retries_exhausted' end as cause
from failures
where coalesce(given_up_at >= {{ as_of() }} - {{ minutes(var('given_up_window_minutes')) }}, true)
