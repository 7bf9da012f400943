-- What can be told neither way now: whether the worker of a job lives that has been at it for long, and whether the
-- crontab ticks if nobody has said how often and all of it stands still.
{{ config(enabled=is_system('graphile_worker')) }}

with held as (
    select
        holders.job_id,
        holders.started_at,
        sessions.problem
    from {{ ref('stg_holders') }} as holders
    cross join {{ ref('base_worker_sessions') }} as sessions
    where holders.loss is null
)

select
    'worker_lost' as accumulation_point,
    concat(
        'whether the workers of ', count(*), ' jobs live is not known: ',
        coalesce(
            max(problem),
            'they have been at work for longer than the limit of job_running,'
            ' and while any pool listens nothing tells whose it is'
        )
    ) as problem
from held
where
    (problem is not null and started_at < {{ as_of() }} - {{ max_age('worker_lost') }})
    or started_at < {{ as_of() }} - {{ max_age('job_running') }}
having count(*) > 0
{%- if not var('schedules') %}
union all
select
    'schedule_missed' as accumulation_point,
    concat(
        'the crontab has ', count(*), ' lines, and none has ticked for more than a day;'
        ' say in vars: schedules how often those run that must'
    ) as problem
from {{ source('graphile_worker', 'known_crontabs') }}
having
    max(coalesce(case when last_execution <= {{ latest_of_a_job() }} then last_execution end, known_since))
    < {{ as_of() }} - interval '1 day'
{%- endif %}
