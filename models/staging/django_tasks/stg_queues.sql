-- When a task was last taken from each queue. Workers leave no other trace, so that a queue nobody serves cannot be
-- told from one whose workers are stopped on purpose.
{{ config(enabled=is_system('django_tasks')) }}

select
    queue_name,
    max(started_at) filter (where started_at <= {{ latest_plausible() }}) as last_taken_at,
    null::bigint as living_workers
from {{ ref('base_django_tasks') }}
group by queue_name
