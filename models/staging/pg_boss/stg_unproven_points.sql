-- What can be told neither way now: whether the worker of a job lives of which nothing speaks, and whether a schedule
-- ticks that cannot be read.
{{ config(enabled=is_system('pg_boss')) }}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
),

unreadable_schedules as (
    select
        schedule,
        case
            when {{ cron_fields('cron') | indent(12) }} is null then 'it is no cron expression of five fields'
            when zone <> 'UTC' and zone not in (select pg_timezone_names.name from pg_timezone_names)
                then 'PostgreSQL does not know the zone ' || zone
        end as reason
    from {{ ref('base_pg_boss_schedules') }}
    where schedule not in (select stated.schedule from stated)
)

select
    'worker_lost' as accumulation_point,
    concat(
        'whether the workers of ', count(*), ' jobs live is not known: they have been at work for longer than the',
        ' limit of job_running, which is less than they may take, and no heartbeat and no process speaks for them;',
        ' heartbeatSeconds of their queues would tell, from schema 30 on'
    ) as problem
from {{ ref('base_pg_boss_jobs') }} as jobs
left join {{ ref('stg_holders') }} as holders on jobs.id = holders.job_id
where
    jobs.state = 'active'
    and jobs.started_on < {{ as_of() }} - {{ max_age('job_running') }}
    and holders.job_id is null
having count(*) > 0
union all
select
    'schedule_missed' as accumulation_point,
    concat(
        string_agg(format('the schedule %s cannot be read: %s', schedule, reason), '; ' order by schedule),
        '; say in vars: schedules how often it ticks'
    ) as problem
from unreadable_schedules
where reason is not null
having count(*) > 0
