-- Whoever is at the tasks, as all systems say it.
{{ config(enabled=is_system('celery')) }}

select
    job_id,
    jobspec_id,
    status,
    queue_name,
    job_kind,
    holder_id,
    last_beat_at,
    started_at,
    dead_after,
    suspicion,
    loss,
    is_free,
    evidence,
    lost_after,
    no_remedy
from {{ ref('base_celery_holders') }}
