-- The workflows that run and wait for nothing. Executors do not beat: while any of them lives, nothing says whether
-- the one that has a workflow does. When none has a session all are lost.
{{ config(enabled=is_system('dbos')) }}

select
    running.workflow_uuid as job_id,
    running.workflow_uuid as jobspec_id,
    'running' as status,
    running.queue_name,
    running.name as job_kind,
    running.executor_id as holder_id,
    null::timestamptz as last_beat_at,
    running.step_began_at as started_at,
    null::interval as dead_after,
    null::text as suspicion,
    case
        when
            not executors.has_executor
            and coalesce(running.step_began_at < {{ as_of() }} - {{ max_age('worker_lost') }}, true)
            then 'nobody_listens'
    end as loss,
    false as is_free,
    concat(
        'executor ', coalesce(running.executor_id, 'unknown'), ' of version ' || running.application_version,
        ', its present step began ', {{ ago('running.step_began_at') }},
        case when not executors.has_executor then ', and no executor has a session' end
    ) as evidence,
    null::interval as lost_after,
    null::text as no_remedy
from {{ ref('base_dbos_running') }} as running
cross join {{ ref('base_dbos_executors') }} as executors
-- written so that the planner does not believe that there are next to none, and compares each with each
where coalesce(running.waits_for is null, true)
