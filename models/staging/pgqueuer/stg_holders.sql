-- The jobs that are worked on, each with its own heartbeat: there is no table of workers. It beats every 15 s and is
-- written within 4 s more; it stops when the worker dies, and also while a handler blocks the event loop.
{{ config(enabled=is_system('pgqueuer')) }}

select
    job_id,
    job_id::text as jobspec_id,
    'running' as status,
    entrypoint as queue_name,
    entrypoint as job_kind,
    queue_manager_id::text as holder_id,
    last_beat_at,
    started_at,
    interval '30 seconds' as dead_after,
    null::text as suspicion,
    null::text as loss,
    false as is_free,
    null::text as evidence,
    null::interval as lost_after,
    null::text as no_remedy
from {{ ref('base_pgqueuer_picked') }}
