-- The jobs: those in the table, a branch for each state that occurs there, and those that ended, of which the log is
-- all that is left. A heartbeat says something only while a job is picked, since a queued row has one by default.
{{ config(enabled=is_system('pgqueuer')) }}
{% set jobs = source_table('jobs') %}

select
    jobs.id::bigint as job_id,
    jobs.id::text as jobspec_id,
    'queued' as status,
    jobs.entrypoint as queue_name,
    jobs.entrypoint as job_kind,
    case
        when jobs.execute_after > {{ as_of() }} then 'due_time'
        when limited.entrypoint is not null then 'limit'
    end as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    jobs.created as source_created_at,
    jobs.updated as source_updated_at,
    jobs.created as created_at,
    jobs.execute_after as ready_since,
    jobs.updated as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('pgqueuer', 'jobs') }} as jobs
-- how many may run at once is in the code alone; that there is a limit is seen by the slots of those that run. A dead
-- one gives up its slot to whoever takes it over, so that it is no reason to wait
left join (
    select distinct entrypoint
    from {{ source('pgqueuer', 'jobs') }}
    where
        status = 'picked'
        {%- if not execute or 'slot' in jobs.types %}
        and slot is not null
        {%- endif %}
        and heartbeat between {{ as_of() }} - {{ max_age('worker_lost') }} and {{ latest_plausible() }}
) as limited on jobs.entrypoint = limited.entrypoint
where jobs.status = 'queued'
union all
select
    job_id,
    job_id::text as jobspec_id,
    'running' as status,
    entrypoint as queue_name,
    entrypoint as job_kind,
    null::text as waits_for,
    attempts,
    true as is_polled,
    created_at as source_created_at,
    updated_at as source_updated_at,
    created_at,
    null::timestamptz as ready_since,
    updated_at,
    started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_pgqueuer_picked') }}
union all
select
    jobs.id::bigint as job_id,
    jobs.id::text as jobspec_id,
    'failed' as status,
    jobs.entrypoint as queue_name,
    jobs.entrypoint as job_kind,
    null::text as waits_for,
    jobs.attempts::bigint + 1 as attempts,
    true as is_polled,
    jobs.created as source_created_at,
    jobs.updated as source_updated_at,
    jobs.created as created_at,
    null::timestamptz as ready_since,
    jobs.updated as updated_at,
    null::timestamptz as started_at,
    jobs.updated as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('pgqueuer', 'jobs') }} as jobs
where jobs.status = 'failed'
union all
-- no state that a row of the table was ever seen in
select
    jobs.id::bigint as job_id,
    jobs.id::text as jobspec_id,
    jobs.status::text as status,
    jobs.entrypoint as queue_name,
    jobs.entrypoint as job_kind,
    null::text as waits_for,
    jobs.attempts::bigint as attempts,
    true as is_polled,
    jobs.created as source_created_at,
    jobs.updated as source_updated_at,
    jobs.created as created_at,
    null::timestamptz as ready_since,
    jobs.updated as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('pgqueuer', 'jobs') }} as jobs
where jobs.status not in ('queued', 'picked', 'failed') or jobs.status is null
{%- for state, status in [
    ('successful', 'completed'), ('exception', 'failed'), ('canceled', 'cancelled'), ('deleted', 'cancelled'),
] %}
union all
select
    ends.job_id,
    ends.job_id::text as jobspec_id,
    '{{ status }}' as status,
    ends.entrypoint as queue_name,
    ends.entrypoint as job_kind,
    null::text as waits_for,
    (
        select count(*) from {{ source('pgqueuer', 'log') }} as entries
        where entries.job_id = ends.job_id and entries.status = 'queued'
    ) as attempts,
    true as is_polled,
    null::timestamptz as source_created_at,
    ends.created as source_updated_at,
    (
        select min(entries.created) from {{ source('pgqueuer', 'log') }} as entries
        where entries.job_id = ends.job_id and entries.status = 'queued'
    ) as created_at,
    null::timestamptz as ready_since,
    ends.created as updated_at,
    (
        select max(entries.created) from {{ source('pgqueuer', 'log') }} as entries
        where entries.job_id = ends.job_id and entries.status = 'picked'
    ) as started_at,
    ends.created as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('pgqueuer', 'log') }} as ends
where ends.status = '{{ state }}'
{%- endfor %}
