-- The jobs that wait for another one: for whoever holds their key, or for a parent in their flow. A parent that has to
-- wait for its own parents stands for them.
{{ config(enabled=is_system('pg_boss')) }}

with recursive waiting_jobs as (
    select
        id,
        name,
        state,
        policy,
        singleton_key,
        created_on,
        ready_on,
        blocked
    from {{ ref('base_pg_boss_jobs') }}
    where state in ('created', 'retry') and (blocked or name not in (
        select queues.dead_letter from {{ source('pg_boss', 'queues') }} as queues
        where queues.dead_letter is not null
    ))
),

-- from each child to the parents that wait for nobody
ancestors as (
    select
        waiting_jobs.id as child_id,
        dependencies.parent_name,
        dependencies.parent_id
    from waiting_jobs
    inner join {{ ref('base_pg_boss_dependencies') }} as dependencies
        on waiting_jobs.name = dependencies.child_name and waiting_jobs.id = dependencies.child_id
    where waiting_jobs.blocked
    union distinct
    select
        ancestors.child_id,
        dependencies.parent_name,
        dependencies.parent_id
    from ancestors
    inner join waiting_jobs as parents
        on ancestors.parent_name = parents.name and ancestors.parent_id = parents.id
    inner join {{ ref('base_pg_boss_dependencies') }} as dependencies
        on parents.name = dependencies.child_name and parents.id = dependencies.child_id
    where parents.blocked
),

-- one that will never let go is enough
worst_parents as (
    select distinct on (ancestors.child_id)
        ancestors.child_id,
        ancestors.parent_id
    from ancestors
    left join {{ ref('base_pg_boss_jobs') }} as parents
        on ancestors.parent_name = parents.name and ancestors.parent_id = parents.id
    where parents.blocked is not true or parents.state not in ('created', 'retry')
    order by
        ancestors.child_id asc,
        case when parents.state in ('failed', 'cancelled') then 1 when parents.id is null then 2 else 3 end asc,
        (parents.state = 'active') desc,
        parents.ready_on asc
)

select
    waiting_jobs.id as job_id,
    waiting_jobs.id::text as jobspec_id,
    waiting_jobs.name as queue_name,
    null::text as job_kind,
    'key' as waits_for,
    key_holders.id as holder_job_id,
    waiting_jobs.ready_on as since
from waiting_jobs
inner join {{ ref('base_pg_boss_key_holders') }} as key_holders
    on
        waiting_jobs.name = key_holders.name
        and waiting_jobs.policy = key_holders.policy
        and coalesce(waiting_jobs.singleton_key, '') = key_holders.key
where
    not waiting_jobs.blocked
    and waiting_jobs.ready_on <= {{ as_of() }}
    and waiting_jobs.id <> key_holders.id
    and (waiting_jobs.policy <> 'key_strict_fifo' or waiting_jobs.state = 'created')
union all
select
    waiting_jobs.id as job_id,
    waiting_jobs.id::text as jobspec_id,
    waiting_jobs.name as queue_name,
    null::text as job_kind,
    'parent' as waits_for,
    worst_parents.parent_id as holder_job_id,
    waiting_jobs.ready_on as since
from waiting_jobs
left join worst_parents on waiting_jobs.id = worst_parents.child_id
where waiting_jobs.blocked and waiting_jobs.ready_on <= {{ as_of() }}
