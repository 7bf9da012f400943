-- The jobs that failed for good. One whose queue has a dead letter queue was copied there, and the copy is the one to
-- look at, as long as nobody has taken it; the others are kept for a week, and those of a time that somebody may still
-- look at are listed, with those that nothing dates.
{{ config(enabled=is_system('pg_boss')) }}
{% set begin = as_of() ~ ' - ' ~ minutes(var('given_up_window_minutes')) %}

select
    copies.id as job_id,
    copies.id::text as jobspec_id,
    copies.state::text as status,
    'dead' as kind,
    copies.name as queue_name,
    copies.source_name as job_kind,
    copies.created_on as given_up_at,
    coalesce(originals.retry_count, copies.source_retry_count)::bigint + 1 as attempts,
    originals.retry_limit::bigint + 1 as max_attempts,
    coalesce(copies.source_error, copies.error) as error,
    case
        when originals.retry_count >= originals.retry_limit then 'retries_exhausted'
        when originals.retry_count < originals.retry_limit then 'permanent_failure'
        else 'unknown'
    end as cause
from {{ ref('base_pg_boss_jobs') }} as copies
left join {{ ref('base_pg_boss_jobs') }} as originals
    on
        copies.source_name = originals.name
        and copies.source_id = originals.id
        and originals.state = 'failed'
where
    copies.state in ('created', 'retry')
    and copies.name in (select queues.dead_letter from {{ source('pg_boss', 'queues') }} as queues)
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'failed' as status,
    'dead' as kind,
    jobs.name as queue_name,
    null::text as job_kind,
    jobs.completed_on as given_up_at,
    jobs.retry_count::bigint + (jobs.started_on is not null)::integer as attempts,
    jobs.retry_limit::bigint + 1 as max_attempts,
    jobs.error,
    case when jobs.retry_count >= jobs.retry_limit then 'retries_exhausted' else 'permanent_failure' end as cause
from {{ ref('base_pg_boss_jobs') }} as jobs
where
    jobs.state = 'failed'
    and jobs.dead_letter is null
    and coalesce(jobs.completed_on >= {{ begin }}, true)
