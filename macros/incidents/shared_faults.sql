{% macro shared_faults(items, witnesses, named) -%}
with unserved as (
    select distinct scope, fault from {{ named }}
    where kind = 'queue_unserved'
),

conductors as (
    select distinct scope, fault from {{ named }}
    where kind = 'conductor_dead'
),

silent as (
    select min(fault) as fault from conductors
    having count(*) > 0
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
    and items.cause in ('not_taken', 'retry_not_taken', 'message_waiting', 'no_active_worker', 'unknown')
union all
select items.bundle, conductors.fault
from {{ items }} as items
inner join conductors on items.cause = conductors.scope || '_dead'
union all
select witnesses.bundle, silent.fault
from {{ witnesses }} as witnesses
cross join silent
where witnesses.accumulation_point = 'schedule_missed' and witnesses.cause like 'not_ticked%'
union all
select witnesses.bundle, failing.fault
from {{ witnesses }} as witnesses
inner join failing on witnesses.tie = failing.scope
where witnesses.entity_type = 'execution'
{%- endmacro %}
