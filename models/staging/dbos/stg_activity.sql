-- When a workflow was last begun, dispatched or ended, or a step of one. A workflow writes nothing while a step runs,
-- and a sleep is written with the time at which it will end.
{{ config(enabled=is_system('dbos')) }}
{% set now_ms = epoch_ms(as_of()) %}

with last_writes as (
    select
        max(created_at) as written_ms,
        null::bigint as worked_ms
    from {{ source('dbos', 'jobs') }}
    where created_at <= {{ now_ms }}
    union all
    select
        max(started_at_epoch_ms) as written_ms,
        max(started_at_epoch_ms) as worked_ms
    from {{ source('dbos', 'jobs') }}
    where started_at_epoch_ms <= {{ now_ms }}
    union all
    select
        max(completed_at) as written_ms,
        max(completed_at) as worked_ms
    from {{ source('dbos', 'jobs') }}
    where completed_at <= {{ now_ms }}
    union all
    select
        max(completed_at_epoch_ms) as written_ms,
        max(completed_at_epoch_ms) as worked_ms
    from {{ source('dbos', 'steps') }}
    where completed_at_epoch_ms <= {{ now_ms }}
)

select
    {{ from_epoch_ms('max(written_ms)') }} as last_write_at,
    {{ from_epoch_ms('max(worked_ms)') }} as last_work_at,
    false as running_jobs_write
from last_writes
