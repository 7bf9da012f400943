-- The schedules with the last tick that was sent on and the first one due after it, in their own time zones. What a
-- cron expression says is read here, if it has five fields of numbers and names; of the others, and of rules, the user
-- may state the period. A tick that a pause of the scheduler swallowed leaves no trace, but that it is not there.
{{ config(enabled=is_system('pg_boss')) }}
{% set since = "greatest(coalesce(read.last_tick_at, read.updated_on) - interval '1 minute', " ~ as_of()
    ~ " - interval '6 days')" %}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
),

schedules as (
    select * from {{ ref('base_pg_boss_schedules') }}
),

-- the underscores of a name may be escaped; a tick of the future is not the last one
ticks as (
    select
        replace(singleton_key, '\_', '_') as filed_under,
        max(ticked_at) as last_tick_at
    from {{ ref('base_pg_boss_ticks') }}
    where ticked_at <= {{ latest_of_a_job() }}
    group by replace(singleton_key, '\_', '_')
),

read as (
    select
        schedules.*,
        ticks.last_tick_at,
        {{ cron_fields('schedules.cron') | indent(8) }} as fields,
        -- a name that only JavaScript knows must not fail the query
        case
            when schedules.zone = 'UTC' then schedules.zone
            when schedules.zone in (select pg_timezone_names.name from pg_timezone_names) then schedules.zone
        end as known_zone
    from schedules
    left join ticks on schedules.filed_under = ticks.filed_under
),

-- as far back as ticks are kept
judged as (
    select
        read.*,
        due.after_last_tick,
        due.after_update,
        due.is_last_tick_due
    from read
    cross join lateral (
        select
            min(instants.at) filter (where instants.at > read.last_tick_at) as after_last_tick,
            min(instants.at) filter (where instants.at > read.updated_on) as after_update,
            bool_or(instants.at between read.last_tick_at - interval '1 minute' and read.last_tick_at)
                as is_last_tick_due
        from (
            {{ cron_instants('read.fields', 'read.known_zone', since) | indent(12) }}
        ) as instants
    ) as due
)

select
    judged.schedule,
    judged.name as queue_name,
    null::text as job_kind,
    judged.last_tick_at,
    -- a tick that does not fit is one of the expression that was there before
    case when judged.is_last_tick_due then judged.after_last_tick else judged.after_update end as next_tick_at,
    false as is_paused,
    null::text as blocked_by_job,
    null::text as suspicion
from judged
where
    case when judged.is_last_tick_due then judged.after_last_tick else judged.after_update end is not null
    and not exists (
        select 1 from stated
        where stated.schedule = judged.schedule
    )
union all
select
    stated.schedule,
    read.name as queue_name,
    null::text as job_kind,
    read.last_tick_at,
    read.last_tick_at + stated.period as next_tick_at,
    false as is_paused,
    null::text as blocked_by_job,
    null::text as suspicion
from stated
left join read on stated.schedule = read.schedule
