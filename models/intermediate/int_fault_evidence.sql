-- Which faults each stuck item speaks for by itself, or by what it shares with an item that names the fault: its queue,
-- its provider and region, the conductor. Each speaks at least for its point and cause.
with items as materialized (
    select
        *,
        row_number() over () as item
    from {{ ref('int_tied_items') }}
),

-- a lock that is gone from one job alone says less than what that job says of itself
lone_losses as (
    select tie from items
    where accumulation_point = 'worker_lost'
    group by tie
    having count(*) = 1 and min(cause) = 'lock_gone'
),

explained_jobs as (
    select jobspec_id from items
    where accumulation_point in ('job_not_closed', 'job_recovered_repeatedly')
),

named as (
    select
        items.*,
        case
            when
                accumulation_point = 'worker_lost' and tie is not null
                and (
                    tie in (select lone_losses.tie from lone_losses)
                    and jobspec_id in (select explained_jobs.jobspec_id from explained_jobs)
                ) is not true
                then 'worker_crash'
            when accumulation_point = 'queue_unserved' then 'queue_unserved'
            when accumulation_point = 'conductor_dead' then 'conductor_dead'
            when cause = 'snapshot_untrusted' then 'redis_untrusted'
            when accumulation_point in ('provider_timeout', 'provider_retries_exhausted') then 'provider_failing'
            when accumulation_point = 'failure_burst' then 'kind_failing'
            when accumulation_point = 'queue_dead_letter' and tie is not null then 'error_repeated'
        end as kind
    from items
),

faults as (
    select
        named.*,
        case
            when kind in ('worker_crash', 'error_repeated') then tie
            when kind = 'redis_untrusted' then 'redis'
            else entity_id
        end as scope
    from named
    where kind is not null
),

unserved as (
    select distinct scope from faults
    where kind = 'queue_unserved'
),

conductors as (
    select distinct scope from faults
    where kind = 'conductor_dead'
),

silent as (
    select min(scope) as scope from conductors
),

failing as (
    select distinct scope from faults
    where kind = 'provider_failing'
),

evidence as (
    select
        faults.*,
        true as names_fault
    from faults
    union all
    select
        items.*,
        'queue_unserved' as kind,
        unserved.scope,
        false as names_fault
    from items
    inner join unserved on items.queue_name = unserved.scope
    where
        items.accumulation_point in ('job_created', 'job_queued', 'queue_backlog', 'queue_depth', 'queue_retry_overdue')
        and items.cause in ('not_taken', 'retry_not_taken', 'message_waiting', 'no_active_worker', 'unknown')
    union all
    select
        items.*,
        'conductor_dead' as kind,
        silent.scope,
        false as names_fault
    from items
    cross join silent
    where items.accumulation_point = 'schedule_missed' and items.cause like 'not_ticked%' and silent.scope is not null
    union all
    select
        items.*,
        'conductor_dead' as kind,
        conductors.scope,
        false as names_fault
    from items
    inner join conductors on items.cause = conductors.scope || '_dead'
    union all
    select
        items.*,
        'provider_failing' as kind,
        failing.scope,
        false as names_fault
    from items
    inner join failing on items.tie = failing.scope
    where items.entity_type = 'execution'
    union all
    select
        items.*,
        'point' as kind,
        concat_ws('/', accumulation_point, cause) as scope,
        true as names_fault
    from items
)

select
    evidence.*,
    {{ fault_strength('kind') }} as strength
from evidence
