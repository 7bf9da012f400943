-- The one fault that each stuck item belongs to: the strongest that it, or another item of its job, or the job that it
-- waits for, speaks for. A job that others wait for is a fault of its own; else its items stay together, folded with
-- those of other jobs that are stuck alike, or wait in the same queue.

-- a bundle is the items of a job, or an item that is of none
with items as materialized (
    select
        *,
        coalesce(jobspec_id, concat_ws(' ', accumulation_point, entity_id)) as bundle
    from {{ ref('int_named_faults') }}
),

-- what names a fault, or may say more of a job than its status: all but what is stuck in a status alone
witnesses as materialized (
    select
        accumulation_point,
        entity_type,
        bundle,
        cause,
        tie,
        named_kind,
        named_scope
    from items
    where
        named_kind is not null
        or accumulation_point not in (
            {% for point in detections().stale_jobs %}
            '{{ point }}'{{ ',' if not loop.last }}
            {% endfor %}
        )
),

named as materialized (
    {{ named_faults('witnesses') | indent(4) }}
),

shared as (
    {{ shared_faults('items', 'witnesses', 'named') | indent(4) }}
),

blocked as (
    select distinct tie as job_id from witnesses
    where accumulation_point = 'job_blocked' and tie is not null
),

-- the job that others wait for, by its public id where it is stuck itself
holders as (
    select
        blocked.job_id,
        coalesce(min(items.jobspec_id), blocked.job_id) as bundle
    from blocked
    left join items on blocked.job_id = items.entity_id and items.entity_type = 'job'
    group by blocked.job_id
),

spoken as (
    select
        bundle,
        fault
    from named
    union all
    select
        bundle,
        fault
    from shared
    union all
    select
        bundle,
        {{ fault("'job'", 'bundle') }}
    from holders
),

strongest as (
    select
        bundle,
        min(fault) as fault
    from spoken
    group by bundle
),

-- with a job that waits for another one all of its items belong to what is the matter with that one
held as (
    select
        witnesses.bundle,
        strongest.fault
    from witnesses
    inner join holders on witnesses.tie = holders.job_id
    inner join strongest on holders.bundle = strongest.bundle
    where witnesses.accumulation_point = 'job_blocked'
),

faults as (
    select
        bundle,
        min(fault) as fault
    from (
        select
            bundle,
            fault
        from strongest
        union all
        select
            bundle,
            fault
        from held
    ) as own_and_others
    group by bundle
),

-- a job has one status, so that of items that it has several of one is a witness
witnessed as (
    select distinct bundle from witnesses
),

-- what the items of a job are folded by where nothing stronger speaks: the nearest to the root
leading_items as (
    select
        items.bundle,
        min(array[
            chr(64 + {{ point_precedence('items.accumulation_point') }}), -- a letter, for they are compared as texts
            {{ own_kind('items') }},
            {{ own_scope('items') }}
        ]) as leading_item
    from items
    inner join witnessed on items.bundle = witnessed.bundle
    group by items.bundle
    having count(*) > 1
),

bundles as (
    select
        faults.fault[2:3] as fault,
        leading_items.leading_item[2:3] as leading_item,
        coalesce(faults.bundle, leading_items.bundle) as bundle
    from faults
    full join leading_items on faults.bundle = leading_items.bundle
),

explained as (
    select
        fault,
        leading_item,
        bundle
    from bundles
    union all
    {{ silence_explained('items', 'bundles', 'witnesses') | indent(4) }}
),

belonging as (
    select
        items.*,
        {{ own_kind('items') }} as own_kind,
        {{ own_scope('items') }} as own_scope,
        explained.leading_item,
        explained.fault
    from items
    left join explained on items.bundle = explained.bundle
    offset 0
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    case when leading_item is not null then jobspec_id end as scattered_job,
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
    coalesce(fault[1], leading_item[1], own_kind) as kind,
    coalesce(fault[2], leading_item[2], own_scope) as scope,
    case
        when fault is not null then (fault[1] = named_kind and fault[2] = named_scope) is true
        when coalesce(leading_item[1], own_kind) = 'queue_lagging' then entity_type <> 'job'
        else leading_item is null or leading_item[2] = own_scope
    end as names_fault
from belonging
