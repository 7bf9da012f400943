-- The one fault that each stuck item belongs to: the strongest that it, or another item of its job, or the job that it
-- waits for, speaks for. A job that others wait for is a fault of its own; else its items stay together, folded with
-- those of other jobs that are stuck alike.
with items as materialized (
    select
        *,
        row_number() over () as item
    from {{ ref('int_tied_items') }}
),

-- what names a fault for others, or takes one back
witnesses as materialized (
    select
        accumulation_point,
        entity_id,
        jobspec_id,
        cause,
        tie
    from items
    where
        accumulation_point in (
            'worker_lost', 'job_not_closed', 'job_recovered_repeatedly', 'queue_unserved', 'conductor_dead',
            'provider_timeout', 'provider_retries_exhausted', 'job_blocked'
        )
),

explained_jobs as (
    select jobspec_id from witnesses
    where accumulation_point in ('job_not_closed', 'job_recovered_repeatedly')
),

-- a lock that is gone from one job alone says less than what that job says of itself
lone_losses as (
    select tie from witnesses
    where accumulation_point = 'worker_lost'
    group by tie
    having
        count(*) = 1
        and min(cause) = 'lock_gone'
        and min(jobspec_id) in (select explained_jobs.jobspec_id from explained_jobs)
),

unserved as (
    select distinct entity_id as scope from witnesses
    where accumulation_point = 'queue_unserved'
),

conductors as (
    select distinct entity_id as scope from witnesses
    where accumulation_point = 'conductor_dead'
),

silent as (
    select
        'schedule_missed' as accumulation_point,
        min(scope) as scope
    from conductors
    having count(*) > 0
),

failing as (
    select distinct entity_id as scope from witnesses
    where accumulation_point in ('provider_timeout', 'provider_retries_exhausted')
),

-- what each item speaks for, with the scope that it shares and does not name
spoken as (
    select
        items.item,
        items.jobspec_id,
        items.entity_id,
        items.tie,
        unserved.scope as unserved_queue,
        coalesce(conductors.scope, silent.scope) as dead_conductor,
        failing.scope as failing_provider,
        case
            when
                items.accumulation_point = 'worker_lost' and items.tie is not null and lone_losses.tie is null
                then 'worker_crash'
            when items.accumulation_point = 'queue_unserved' or unserved.scope is not null then 'queue_unserved'
            when
                items.accumulation_point = 'conductor_dead' or coalesce(conductors.scope, silent.scope) is not null
                then 'conductor_dead'
            when items.cause = 'snapshot_untrusted' then 'redis_untrusted'
            when
                items.accumulation_point in ('provider_timeout', 'provider_retries_exhausted')
                or failing.scope is not null
                then 'provider_failing'
            when items.accumulation_point = 'failure_burst' then 'kind_failing'
            when items.accumulation_point = 'queue_dead_letter' and items.tie is not null then 'error_repeated'
        end as kind
    from items
    left join lone_losses on items.tie = lone_losses.tie
    left join unserved
        on
            items.queue_name = unserved.scope
            and items.accumulation_point in (
                'job_created', 'job_queued', 'queue_backlog', 'queue_depth', 'queue_retry_overdue'
            )
            and items.cause in ('not_taken', 'retry_not_taken', 'message_waiting', 'no_active_worker', 'unknown')
    left join conductors on items.cause = conductors.scope || '_dead'
    left join silent
        on
            items.accumulation_point = silent.accumulation_point
            and items.cause like 'not_ticked%'
    left join failing on items.entity_type = 'execution' and items.tie = failing.scope
    offset 0 -- so that the kind is found once per item, and not once per use
),

-- of arrays the first elements are compared first, so that the strongest fault is the least
evidence as materialized (
    select
        item,
        jobspec_id,
        array[
            {{ fault_strength('kind') }}::text,
            kind,
            case kind
                when 'queue_unserved' then coalesce(unserved_queue, entity_id)
                when 'conductor_dead' then coalesce(dead_conductor, entity_id)
                when 'provider_failing' then coalesce(failing_provider, entity_id)
                when 'redis_untrusted' then 'redis'
                when 'kind_failing' then entity_id
                else tie
            end
        ] as fault,
        case kind
            when 'queue_unserved' then unserved_queue is null
            when 'conductor_dead' then dead_conductor is null
            when 'provider_failing' then failing_provider is null
            else true
        end as names_fault
    from spoken
    where kind is not null
),

blocked as (
    select distinct tie as job_id from witnesses
    where accumulation_point = 'job_blocked' and tie is not null
),

-- the job that others wait for, by its public id where it is stuck itself
holders as (
    select
        blocked.job_id,
        coalesce(min(items.jobspec_id), blocked.job_id) as jobspec_id
    from blocked
    left join items on blocked.job_id = items.entity_id and items.entity_type = 'job'
    group by blocked.job_id
),

job_faults as (
    select
        jobspec_id,
        min(fault) as fault
    from (
        select
            jobspec_id,
            fault
        from evidence
        where jobspec_id is not null
        union all
        select
            jobspec_id,
            array[{{ fault_strength("'job'") }}::text, 'job', jobspec_id] as fault
        from holders
    ) as faults
    group by jobspec_id
),

holder_faults as (
    select
        holders.job_id,
        job_faults.fault
    from holders
    inner join job_faults on holders.jobspec_id = job_faults.jobspec_id
),

scattered_jobs as (
    select jobspec_id from items
    where jobspec_id is not null
    group by jobspec_id
    having count(*) > 1
),

-- what the items of a job are folded by where nothing stronger speaks: the nearest to the root
leading_points as (
    select distinct on (items.jobspec_id)
        items.jobspec_id,
        concat_ws('/', items.accumulation_point, items.cause) as scope
    from items
    inner join scattered_jobs on items.jobspec_id = scattered_jobs.jobspec_id
    order by items.jobspec_id, {{ point_precedence('items.accumulation_point') }}, items.cause nulls first
),

belonging as (
    select
        items.*,
        evidence.fault as own_fault,
        evidence.names_fault,
        least(coalesce(job_faults.fault, evidence.fault), holder_faults.fault) as strongest,
        leading_points.jobspec_id as scattered_job,
        leading_points.scope as leading_scope
    from items
    left join evidence on items.item = evidence.item
    left join job_faults on items.jobspec_id = job_faults.jobspec_id
    left join holder_faults on items.tie = holder_faults.job_id and items.accumulation_point = 'job_blocked'
    left join leading_points on items.jobspec_id = leading_points.jobspec_id
    offset 0
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    scattered_job,
    status,
    stuck_since,
    age_seconds,
    threshold_seconds,
    cause,
    queue_name,
    job_kind,
    case
        when entity_type in ('execution', 'missing_execution', 'provider_region')
            then substring(coalesce(tie, entity_id) from '/([^/]+)$')
    end as region,
    case when accumulation_point = 'queue_dead_letter' then tie end as error,
    evidence,
    coalesce(strongest[2], 'point') as kind,
    coalesce(strongest[3], leading_scope, concat_ws('/', accumulation_point, cause)) as scope,
    case
        when strongest is not null then names_fault is true and strongest = own_fault
        else leading_scope is null or leading_scope = concat_ws('/', accumulation_point, cause)
    end as names_fault
from belonging
