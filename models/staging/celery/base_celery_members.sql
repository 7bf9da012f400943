-- The members of chords that have not ended well, each with the task that asks for them every second. One that is
-- nowhere is missing only where something would say that it runs.
{{ config(enabled=is_system('celery')) }}

with asking as (
    select
        messages.task_id,
        messages.queue_name,
        messages.job_kind,
        jsonb_array_elements_text(messages.members) as member_id,
        look.observed_at - messages.attempts * interval '1 second' as since,
        look.listeners
    from {{ ref('base_celery_messages') }} as messages
    cross join {{ ref('base_celery_look') }} as look
    where messages.members is not null
),

tracked as (
    select count(*) > 0 as are_starts_seen from {{ ref('base_celery_results') }}
    where status = 'STARTED'
)

select
    asking.task_id,
    asking.queue_name,
    asking.job_kind,
    asking.member_id,
    asking.since,
    results.status is not null as has_result,
    messages.task_id is not null as has_message,
    coalesce(asking.listeners = 0 or tracked.are_starts_seen, false) as is_absence_known
from asking
cross join tracked
left join {{ ref('base_celery_results') }} as results on asking.member_id = results.task_id
left join {{ ref('base_celery_messages') }} as messages on asking.member_id = messages.task_id
where results.status is distinct from 'SUCCESS' or messages.task_id is not null
