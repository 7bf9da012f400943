{% macro shared_faults(items, witnesses, named) -%}
with last_served as (
    select
        queues.named_scope as scope,
        min(crashes.fault) as fault
    from {{ witnesses }} as queues
    inner join {{ named }} as crashes on queues.tie = crashes.bundle
    where queues.named_kind = 'queue_unserved' and crashes.kind = 'worker_crash'
    group by queues.named_scope
),

-- a queue that nobody serves is the crash of who served it last
unserved as (
    select distinct
        queues.scope,
        coalesce(last_served.fault, queues.fault) as fault
    from {{ named }} as queues
    left join last_served on queues.scope = last_served.scope
    where queues.kind = 'queue_unserved'
),

conductors as (
    select distinct scope, fault from {{ named }}
    where kind = 'conductor_dead'
),

scheduler as (
    select fault from conductors
    where scope = 'scheduler'
),

failing as (
    select distinct scope, fault from {{ named }}
    where kind = 'provider_failing'
)

select queues.bundle, unserved.fault
from {{ named }} as queues
inner join unserved on queues.scope = unserved.scope
where queues.kind = 'queue_unserved'
union all
select items.bundle, unserved.fault
from {{ items }} as items
inner join unserved on items.queue_name = unserved.scope
where
    items.waits_in_queue
    or items.accumulation_point = 'queue_retry_overdue'
    or (items.accumulation_point in ('job_created', 'job_queued') and items.cause = 'unknown')
union all
select items.bundle, conductors.fault
from {{ items }} as items
inner join conductors on items.cause = conductors.scope || '_dead'
union all
select witnesses.bundle, scheduler.fault
from {{ witnesses }} as witnesses
cross join scheduler
where
    witnesses.accumulation_point = 'pipeline_stalled'
    or (witnesses.accumulation_point = 'schedule_missed' and witnesses.cause in ('not_ticked', 'never_ticked'))
union all
select witnesses.bundle, failing.fault
from {{ witnesses }} as witnesses
inner join failing on witnesses.tie = failing.scope
where witnesses.entity_type = 'execution'
{%- endmacro %}
