-- The attempts that ended of late. Of one that waits for its retry it is known when it began.
{{ config(enabled=is_system('pg_boss')) }}
{% set begin = as_of() ~ ' - ' ~ minutes(var('provider_window_minutes')) %}

select
    jobs.id as job_id,
    null::text as job_kind,
    jobs.name as queue_name,
    jobs.completed_on as ended_at,
    jobs.state = 'failed' as is_failed,
    case when jobs.state = 'failed' then jobs.error end as error
from {{ ref('base_pg_boss_jobs') }} as jobs
where jobs.completed_on >= {{ begin }} and jobs.state in ('completed', 'failed')
union all
select
    jobs.id as job_id,
    null::text as job_kind,
    jobs.name as queue_name,
    jobs.started_on as ended_at,
    true as is_failed,
    jobs.error
from {{ ref('base_pg_boss_jobs') }} as jobs
where jobs.state = 'retry' and jobs.started_on >= {{ begin }}
