-- What came in and what went out in each hour; an hour in which nothing did has a row of zeros.
{% set jobs = source_table('jobs') %}

with jobs as not materialized (
    select * from {{ ref('stg_jobs') }}
),

closed_jobs as (
    select
        status,
        {{ closed_at() }} as closed_at
    from jobs
    where
        status in ('completed', 'failed', 'cancelled')
        and source_updated_at >= {{ source_instant(jobs, 'updated_at', analysed_since()) }}
),

executions as (
    select * from {{ ref('int_analysed_executions') }}
),

hours as (
    select generate_series({{ analysed_since() }}, {{ as_of() }}, interval '1 hour') as hour
),

events as (
    select
        created_at as happened_at,
        'created' as event
    from jobs
    where source_created_at >= {{ source_instant(jobs, 'created_at', analysed_since()) }}
    union all
    select
        closed_at as happened_at,
        status as event
    from closed_jobs
    union all
    select
        created_at as happened_at,
        'execution' as event
    from executions
),

counted as (
    select
        date_trunc('hour', happened_at at time zone interval '0') as hour,
        count(*) filter (where event = 'created') as created,
        count(*) filter (where event in ('completed', 'failed', 'cancelled')) as closed,
        count(*) filter (where event = 'completed') as completed,
        count(*) filter (where event = 'failed') as failed,
        count(*) filter (where event = 'execution') as executions
    from events
    group by date_trunc('hour', happened_at at time zone interval '0')
)

select
    hours.hour,
    coalesce(counted.created, 0) as created,
    coalesce(counted.closed, 0) as closed,
    coalesce(counted.completed, 0) as completed,
    coalesce(counted.failed, 0) as failed,
    coalesce(counted.executions, 0) as executions
from hours
left join counted on hours.hour at time zone interval '0' = counted.hour
