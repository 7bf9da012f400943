-- When a job was last pushed, taken or ended. A job that runs writes nothing meanwhile.
{{ config(enabled=is_system('chancy')) }}

select
    greatest(
        max(created_at) filter (where created_at <= {{ as_of() }}),
        max(started_at) filter (where started_at <= {{ as_of() }}),
        max(completed_at) filter (where completed_at <= {{ as_of() }})
    ) as last_write_at,
    greatest(
        max(started_at) filter (where started_at <= {{ as_of() }}),
        max(completed_at) filter (where completed_at <= {{ as_of() }})
    ) as last_work_at,
    false as running_jobs_write
from {{ source('chancy', 'jobs') }}
