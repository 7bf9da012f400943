-- The periodic tasks that have begun once, with when each is to begin again.
{{ config(enabled=is_system('celery')) }}

select
    schedule,
    null::text as queue_name,
    job_kind,
    ticked_at as last_tick_at,
    case when may_be_sent then greatest(due_at, {{ as_of() }}) else due_at end as next_tick_at,
    false as is_paused,
    null::text as blocked_by_job,
    null::text as suspicion
from {{ ref('base_celery_schedules') }}
where ticked_at is not null
