-- What can be told neither way now: whether the executor of a workflow lives that has been at a step for long, who
-- will wake what sleeps when no executor lives, whether a place of a queue's limit is held by a dead one, and whether
-- a schedule ticks that has not ticked twice.
{{ config(enabled=is_system('dbos')) }}
{% set long_ago = as_of() ~ ' - ' ~ max_age('job_running') %}

select
    'worker_lost' as accumulation_point,
    concat(
        'whether the executors of ', count(*), ' workflows live is not known: ',
        case
            when bool_or(executors.has_executor is null) then 'a standby does not see their sessions'
            else 'their steps last longer than the limit of job_running, and any executor that lives may be at them'
        end
    ) as problem
from {{ ref('stg_holders') }} as holders
cross join {{ ref('base_dbos_executors') }} as executors
where
    holders.loss is null
    and (
        holders.started_at < {{ long_ago }}
        or (executors.has_executor is null and holders.started_at < {{ as_of() }} - {{ max_age('worker_lost') }})
    )
having count(*) > 0
union all
select
    'worker_lost' as accumulation_point,
    concat(
        'no executor has a session, and ', count(*), ' workflows are asleep, or wait for a message or a child: whether'
        ' an executor comes back to wake them is not known'
    ) as problem
from {{ ref('base_dbos_running') }} as running
cross join {{ ref('base_dbos_executors') }} as executors
where running.waits_for is not null and not executors.has_executor
having count(*) > 0
union all
select
    'job_queued' as accumulation_point,
    concat(
        'whether ', count(*), ' workflows wait rightly for the limit of their queue is not known: all that hold its'
        ' places have been at a step for longer than the limit of job_running'
    ) as problem
from {{ ref('base_dbos_waiting') }} as waiting
inner join (
    select queue_name
    from {{ ref('base_dbos_running') }}
    where queue_name is not null
    group by queue_name
    having bool_and(waits_for is null and step_began_at < {{ long_ago }})
) as silent on waiting.queue_name = silent.queue_name
where waiting.waits_for = 'limit'
having count(*) > 0
union all
select
    'schedule_missed' as accumulation_point,
    concat(
        'how often it ticks is not known of ', string_agg(schedule_name, ', ' order by schedule_name),
        ', which has not ticked twice; say it in vars: schedules'
    ) as problem
from {{ ref('base_dbos_schedules') }}
where
    status is distinct from 'PAUSED'
    and stated_period is null
    and (longest_pause is null or last_tick_at is null)
having count(*) > 0
