-- The jobs, a branch for each status, so that PostgreSQL reads only the branches that a query asks for, through the
-- partial indexes. What a row says of its last attempt stays on it when it waits for another one. Every index begins
-- with the queue: through the queues a job is found by its id alone.
{{ config(enabled=is_system('pg_boss')) }}

select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'queued' as status,
    jobs.name as queue_name,
    null::text as job_kind,
    case
        when jobs.blocked then 'parent'
        when
            jobs.name in (select sources.dead_letter from {{ source('pg_boss', 'queues') }} as sources)
            then 'dead_letter'
        when jobs.ready_on > {{ as_of() }} then 'due_time'
        when key_holders.id <> jobs.id and (jobs.policy <> 'key_strict_fifo' or jobs.state = 'created') then 'key'
    end as waits_for,
    jobs.retry_count::bigint + (jobs.started_on is not null)::integer as attempts,
    true as is_polled,
    jobs.created_on as source_created_at,
    null::timestamptz as source_updated_at,
    jobs.created_on as created_at,
    jobs.ready_on as ready_since,
    case when jobs.state = 'retry' then jobs.started_on end as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    -- what has just come is taken before it is deleted, however short its retention is
    case
        when
            jobs.ready_on < {{ as_of() }} - {{ max_age('job_queued') }} or jobs.keep_until <= jobs.ready_on
            then jobs.keep_until
    end as expires_at,
    null::xid as row_version
from {{ source('pg_boss', 'queues') }} as queues
inner join {{ ref('base_pg_boss_jobs') }} as jobs on queues.name = jobs.name
left join {{ ref('base_pg_boss_key_holders') }} as key_holders
    on
        jobs.name = key_holders.name
        and jobs.policy = key_holders.policy
        and coalesce(jobs.singleton_key, '') = key_holders.key
where jobs.state in ('created', 'retry')
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    'running' as status,
    jobs.name as queue_name,
    null::text as job_kind,
    null::text as waits_for,
    jobs.retry_count::bigint as attempts,
    true as is_polled,
    jobs.created_on as source_created_at,
    null::timestamptz as source_updated_at,
    jobs.created_on as created_at,
    null::timestamptz as ready_since,
    jobs.started_on as updated_at,
    jobs.started_on as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('pg_boss', 'queues') }} as queues
inner join {{ ref('base_pg_boss_jobs') }} as jobs on queues.name = jobs.name
where jobs.state = 'active'
{%- for status in ['completed', 'failed', 'cancelled'] %}
union all
select
    jobs.id as job_id,
    jobs.id::text as jobspec_id,
    '{{ status }}' as status,
    jobs.name as queue_name,
    null::text as job_kind,
    null::text as waits_for,
    jobs.retry_count::bigint + (jobs.started_on is not null)::integer as attempts,
    true as is_polled,
    jobs.created_on as source_created_at,
    jobs.completed_on as source_updated_at,
    jobs.created_on as created_at,
    null::timestamptz as ready_since,
    jobs.completed_on as updated_at,
    jobs.started_on as started_at,
    jobs.completed_on as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('pg_boss', 'queues') }} as queues
inner join {{ ref('base_pg_boss_jobs') }} as jobs on queues.name = jobs.name
where jobs.state = '{{ status }}'
{%- endfor %}
