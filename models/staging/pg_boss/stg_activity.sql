-- When anything last happened to a job: the newest of each queue, from the ends of the indexes that begin with the
-- queue.
{{ config(enabled=is_system('pg_boss')) }}
{% set jobs = source('pg_boss', 'jobs') %}

select
    max(newest.at) as last_write_at,
    max(newest.at) filter (where newest.is_work) as last_work_at,
    false as running_jobs_write
from {{ source('pg_boss', 'queues') }} as queues
cross join
    lateral (
        select
            max(jobs.created_on) as at,
            false as is_work
        from {{ jobs }} as jobs
        where jobs.name = queues.name and jobs.created_on <= {{ as_of() }}
        union all
        select
            max(jobs.completed_on) as at,
            true as is_work
        from {{ jobs }} as jobs
        where jobs.name = queues.name and jobs.completed_on <= {{ as_of() }}
        union all
        select
            max(jobs.started_on) as at,
            true as is_work
        from {{ jobs }} as jobs
        where jobs.name = queues.name and jobs.state in ('active', 'retry') and jobs.started_on <= {{ as_of() }}
    ) as newest
where queues.name not like '\_\_pgboss\_\_%'
