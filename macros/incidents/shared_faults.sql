{% macro shared_faults(items, witnesses, named) -%}
with unserved as (
    select distinct scope, fault from {{ named }}
    where kind = 'queue_unserved'
),

-- whoever takes nothing writes nothing
silence as (
    select min(fault) as fault from unserved
    having count(*) > 0
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

select items.bundle, unserved.fault
from {{ items }} as items
inner join unserved on items.queue_name = unserved.scope
where
    items.accumulation_point in ('job_created', 'job_queued', 'queue_backlog', 'queue_depth', 'queue_retry_overdue')
    and items.cause in (
        'not_taken', 'retry_not_taken', 'message_waiting', 'consumer_lag', 'no_active_worker', 'unknown'
    )
union all
select witnesses.bundle, silence.fault
from {{ witnesses }} as witnesses
cross join silence
where witnesses.accumulation_point = 'pipeline_stalled'
union all
select items.bundle, conductors.fault
from {{ items }} as items
inner join conductors on items.cause = conductors.scope || '_dead'
union all
select witnesses.bundle, scheduler.fault
from {{ witnesses }} as witnesses
cross join scheduler
where witnesses.accumulation_point = 'schedule_missed' and witnesses.cause in ('not_ticked', 'never_ticked')
union all
select witnesses.bundle, failing.fault
from {{ witnesses }} as witnesses
inner join failing on witnesses.tie = failing.scope
where witnesses.entity_type = 'execution'
{%- endmacro %}
