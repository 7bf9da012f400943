{% macro shared_faults(items, witnesses, named) -%}
with unserved as (
    select distinct scope, fault from {{ named }}
    where kind = 'queue_unserved'
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
