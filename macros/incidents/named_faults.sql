{% macro named_faults(witnesses) -%}
with explained as (
    select bundle from {{ witnesses }}
    where accumulation_point in ('job_not_closed', 'job_recovered_repeatedly')
),

-- a lock that is gone from one job alone says less than what that job says of itself
lone_losses as (
    select tie from {{ witnesses }}
    where named_kind = 'worker_crash'
    group by tie
    having
        count(*) = 1
        and min(cause) = 'lock_gone'
        and min(bundle) in (select explained.bundle from explained)
)

select
    bundle,
    named_kind as kind,
    named_scope as scope,
    {{ stuck_jobs.fault('named_kind', 'named_scope') }} as fault
from {{ witnesses }}
where
    named_kind is not null
    and (named_kind <> 'worker_crash' or tie not in (select lone_losses.tie from lone_losses))
{%- endmacro %}
