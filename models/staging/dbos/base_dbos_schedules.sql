-- The schedules with how often each ticks: as the user says, else the longest pause between two of its newest ticks,
-- whose instants are in the ids of their workflows. It is not known of one that has not ticked twice. A tick of the
-- future is none. One that the user names and that has no row was deleted, or is misspelt; it must not be called fine.
{{ config(enabled=is_system('dbos')) }}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
)

select
    coalesce(schedules.schedule_name, stated.schedule) as schedule_name,
    schedules.workflow_name,
    schedules.queue_name,
    schedules.status,
    case when fired.fired_at <= {{ latest_of_a_job() }} then fired.fired_at end as last_tick_at,
    stated.period as stated_period,
    ticks.longest_pause
from {{ source('dbos', 'schedules') }} as schedules
full join stated on schedules.schedule_name = stated.schedule
cross join
    lateral (
        select
            {{ from_iso('schedules.last_fired_at') | indent(12) }} as fired_at
    ) as fired
left join lateral (
    select max(pauses.pause) as longest_pause
    from (
        select newest.ticked_at - lag(newest.ticked_at) over (order by newest.ticked_at) as pause
        from (
            select
                coalesce(
                    {{ from_iso("substring(jobs.workflow_uuid from '.{10}T[^T]*$')") | indent(20) }},
                    {{ from_epoch_ms('jobs.created_at') }}
                ) as ticked_at
            from {{ source('dbos', 'jobs') }} as jobs
            where jobs.schedule_name = schedules.schedule_name
            order by jobs.created_at desc
            limit 10
        ) as newest
    ) as pauses
    where pauses.pause > interval '0'
) as ticks on true
