-- When a job was last pushed, taken or ended. A job that runs writes nothing meanwhile.
{{ config(enabled=is_system('chancy')) }}

with last_writes as (
    select
        max(created_at) filter (where created_at <= {{ as_of() }}) as created_at,
        max(started_at) filter (where started_at <= {{ as_of() }}) as started_at,
        max(completed_at) filter (where completed_at <= {{ as_of() }}) as completed_at
    from {{ source('chancy', 'jobs') }}
)

select
    greatest(created_at, started_at, completed_at) as last_write_at,
    greatest(started_at, completed_at) as last_work_at,
    false as running_jobs_write
from last_writes
