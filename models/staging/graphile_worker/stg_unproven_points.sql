-- What can be told neither way now: whether the worker of a job lives that has been at it for long, and whether a line
-- of the crontab ticks of which nobody has said how often. A line that was removed stays in the table; it is taken for
-- gone when others went on for a month without it.
{{ config(enabled=is_system('graphile_worker')) }}

with known_lines as (
    select
        identifier as schedule,
        coalesce(last_execution, known_since) as last_tick_at
    from {{ source('graphile_worker', 'known_crontabs') }}
),

held as (
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
union all
{{ unstated_schedules('known_lines', '_private_known_crontabs') }}
