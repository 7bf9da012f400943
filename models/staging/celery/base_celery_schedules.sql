-- The periodic tasks of which the user has said how often they run, each with when it last began: django-celery-results
-- keeps that with the name of the periodic task, and nothing else does. A message of the same task that is due may be
-- the next one. One that is dated in the future is not the last.
{{ config(enabled=is_system('celery')) }}
{% set results = source_table('django_jobs') %}
{% set is_kept = 'periodic_task_name' in results.types and 'date_created' in results.types %}

with stated (schedule, period) as (
    {{ stated_schedules() | indent }}
),

last_ticks as (
    select
        stated.schedule,
        stated.period,
        newest.task_id,
        newest.job_kind,
        newest.ticked_at
    from stated
    left join lateral (
        {% if is_kept or not execute %}
        select
            {{ source_column(results, 'task_id', 'text') }} as task_id,
            {{ source_column(results, 'task_name', 'text') }} as job_kind,
            {{ source_timestamp(results, 'date_created') }} as ticked_at
        from {{ source('celery', 'django_jobs') }}
        where
            periodic_task_name = stated.schedule
            and {{ source_timestamp(results, 'date_created') }} <= {{ latest_of_a_job() }}
        order by date_created desc
        limit 1
        {% else %}
        select
            null::text as task_id,
            null::text as job_kind,
            null::timestamptz as ticked_at
        {% endif %}
    ) as newest on true
)

select
    schedule,
    period,
    job_kind,
    ticked_at,
    ticked_at + period as due_at,
    (
        select count(*) > 0 from {{ ref('base_celery_messages') }} as messages
        where messages.is_due and messages.job_kind = last_ticks.job_kind and messages.task_id <> last_ticks.task_id
    ) as may_be_sent
from last_ticks
