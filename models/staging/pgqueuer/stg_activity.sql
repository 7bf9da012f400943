-- When anything last happened to a job, the heartbeats of those that are worked on included.
{{ config(enabled=is_system('pgqueuer')) }}

select
    greatest(
        (
            select max(created) from {{ source('pgqueuer', 'log') }}
            where created <= {{ as_of() }}
        ),
        (
            select max(greatest(heartbeat, updated)) from {{ source('pgqueuer', 'jobs') }}
            where status = 'picked' and heartbeat <= {{ as_of() }} and updated <= {{ as_of() }}
        )
    ) as last_write_at,
    null::timestamptz as last_work_at,
    true as running_jobs_write
