-- What must be unchanged of a job when somebody acts on it: its row, but for what it carries. Each attempt and each
-- sign of life changes it.
{{ config(enabled=is_system('pg_boss')) }}

select
    jobs.id as job_id,
    concat_ws(
        ' ', jobs.name, jobs.state, jobs.retry_count, jobs.retry_limit, jobs.start_after, jobs.started_on,
        jobs.heartbeat_on, jobs.heartbeat_seconds, jobs.completed_on, jobs.expires_in
    ) as content
from {{ source('pg_boss', 'queues') }} as queues
inner join {{ ref('base_pg_boss_jobs') }} as jobs on queues.name = jobs.name
