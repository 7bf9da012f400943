-- When a task was last enqueued, started or ended. A task that runs writes nothing meanwhile.
{{ config(enabled=is_system('django_tasks')) }}

with last_write as (
    select
        greatest(
            max(enqueued_at) filter (where enqueued_at <= {{ latest_plausible() }}),
            max(started_at) filter (where started_at <= {{ latest_plausible() }}),
            max(finished_at) filter (where finished_at <= {{ latest_plausible() }})
        ) as written_at
    from {{ ref('base_django_tasks') }}
)

select
    case when written_at > {{ as_of() }} then {{ as_of() }} else written_at end as last_write_at,
    null::timestamptz as last_work_at,
    false as running_jobs_write
from last_write
