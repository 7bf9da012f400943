-- Who makes the system move: supervisors retry what is over time and delete what is old, schedulers tick, and resolvers
-- release the children of what has completed. Whoever is alive does it for all, as often as it is told to.
{{ config(enabled=is_system('pg_boss')) }}
{% set queues = source_table('queues').types %}
{% set version = source_table('version').types %}

with periods as (
    select
        max((config ->> 'superviseIntervalSeconds')::numeric) as supervise_seconds,
        max((config ->> 'monitorIntervalSeconds')::numeric) as monitor_seconds,
        max((config ->> 'flowIntervalSeconds')::numeric) as flow_seconds
    from {{ ref('base_pg_boss_instances') }}
    where is_living
),

passes as (
    select
        {%- if 'maintained_on' in version %}
        (select max(maintained_on) from {{ source('pg_boss', 'version') }}) as supervised_at,
        120 as supervise_seconds,
        {%- else %}
        (
            select max(greatest({{ 'monitor_claim_on, ' if 'monitor_claim_on' in queues }}monitor_on))
            from {{ source('pg_boss', 'queues') }}
        ) as supervised_at,
        (select coalesce(greatest(supervise_seconds, monitor_seconds), 60) from periods) as supervise_seconds,
        {%- endif %}
        (select min(created_on) from {{ source('pg_boss', 'queues') }}) as since,
        (select max(cron_on) from {{ source('pg_boss', 'version') }}) as scheduled_at,
        (select max(created_on) from {{ source('pg_boss', 'schedules') }}) as has_schedules_since,
        {%- if 'flow_on' in version or not execute %}
        (select max(flow_on) from {{ source('pg_boss', 'version') }}) as resolved_at,
        (select coalesce(flow_seconds, 5) from periods) as flow_seconds
        {%- else %}
        null::timestamptz as resolved_at,
        5 as flow_seconds
        {%- endif %}
)

select
    'supervisor' as conductor,
    supervised_at as last_beat_at,
    greatest({{ max_age('conductor_dead') }}, 3 * supervise_seconds * interval '1 second') as max_silence
from passes
where
    supervised_at is not null
    or since < {{ as_of() }} - greatest({{ max_age('conductor_dead') }}, 3 * supervise_seconds * interval '1 second')
union all
select
    'scheduler' as conductor,
    scheduled_at as last_beat_at,
    {{ max_age('conductor_dead') }} as max_silence
from passes
where
    (scheduled_at is not null and has_schedules_since is not null)
    or has_schedules_since < {{ as_of() }} - {{ max_age('conductor_dead') }}
union all
select
    'flow resolver' as conductor,
    resolved_at as last_beat_at,
    greatest({{ max_age('conductor_dead') }}, 3 * flow_seconds * interval '1 second') as max_silence
from passes
where
    exists (
        select 1 from {{ ref('base_pg_boss_jobs') }} as parents
        where
            parents.blocking
            and parents.state = 'completed'
            and parents.completed_on < {{ as_of() }} - {{ max_age('conductor_dead') }}
    )
