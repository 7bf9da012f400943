-- The attempts that ended, as far as their jobs tell. What was cancelled is stored as failed, with attempts left and
-- without a claim. Of the error there is the class alone, from the line after the last traceback: a message may quote
-- anything.
{{ config(enabled=is_system('chancy')) }}

select
    id as job_id,
    queue as queue_name,
    func,
    state,
    attempts::bigint as attempts,
    max_attempts::bigint as max_attempts,
    -- an attempt that is to be tried again is dated by its start alone
    case when state = 'retrying' then started_at else completed_at end as ended_at,
    (state = 'failed' and coalesce(attempts < max_attempts, false) and claim_id is null) as is_cancelled,
    substring(
        right(errors -> -1 ->> 'traceback', 20000)
        from '.*Traceback \(most recent call last\):\n(?: [^\n]*\n)+([A-Za-z_][A-Za-z0-9_.]*)'
    ) as exception_class
from {{ source('chancy', 'jobs') }}
where state in ('succeeded', 'failed', 'retrying')
