-- When a result was last written, or a message first seen or handed to a worker: tasks may leave no result. A task that
-- runs writes nothing meanwhile.
{{ config(enabled=is_system('celery')) }}

with last_writes as (
    select
        max(written_at) as written_at,
        max(written_at) as worked_at
    from {{ ref('base_celery_results') }}
    where written_at <= {{ latest_plausible() }}
    union all
    select
        greatest(max(first_seen_at), max(delivered_at)) as written_at,
        max(delivered_at) as worked_at
    from {{ ref('base_celery_messages') }}
    where coalesce(first_seen_at, delivered_at) <= {{ latest_plausible() }}
)

select
    least(max(written_at), {{ as_of() }}) as last_write_at,
    least(max(worked_at), {{ as_of() }}) as last_work_at,
    false as running_jobs_write
from last_writes
