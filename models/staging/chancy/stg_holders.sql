-- The jobs that are worked on, with the beats of their workers. A worker without a row is dead by Chancy's own rule:
-- the row of one that lives comes back with its next beat. A standby has no workers to show, and so no holders.
{{ config(enabled=is_system('chancy')) }}

select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'running' as status,
    jobs.queue as queue_name,
    jobs.func as job_kind,
    jobs.taken_by as holder_id,
    workers.last_beat_at,
    jobs.started_at,
    coalesce(workers.dead_after, interval '90 seconds') as dead_after,
    null::text as suspicion,
    null::text as loss,
    false as is_free,
    null::text as evidence,
    null::interval as lost_after,
    null::text as no_remedy
from {{ source('chancy', 'jobs') }} as jobs
left join {{ ref('base_chancy_workers') }} as workers on jobs.taken_by = workers.worker_id
where jobs.state = 'running' and not {{ is_standby() }}
