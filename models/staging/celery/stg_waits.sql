-- The tasks that ask every second whether all members of a chord have ended, each with the member that is furthest from
-- it. A member that is nowhere counts only where something would say that it runs.
{{ config(enabled=is_system('celery')) }}

with asking as (
    select
        messages.task_id,
        messages.queue_name,
        messages.job_kind,
        unnest(messages.members) as member_id,
        look.observed_at - messages.attempts * interval '1 second' as since,
        look.listeners
    from {{ ref('base_celery_messages') }} as messages
    cross join {{ ref('base_celery_look') }} as look
    where messages.members is not null
),

tracked as (
    select exists(select from {{ ref('base_celery_results') }} where status = 'STARTED') as are_starts_seen
),

members as (
    select
        asking.*,
        results.status,
        messages.task_id is not null as has_message,
        coalesce(asking.listeners = 0 or tracked.are_starts_seen, false) as is_absence_known
    from asking
    cross join tracked
    left join {{ ref('base_celery_results') }} as results on asking.member_id = results.task_id
    left join {{ ref('base_celery_messages') }} as messages on asking.member_id = messages.task_id
    where results.status is distinct from 'SUCCESS' or messages.task_id is not null
)

select distinct on (task_id)
    task_id as job_id,
    task_id as jobspec_id,
    queue_name,
    job_kind,
    'end' as waits_for,
    member_id as holder_job_id,
    since
from members
where status is not null or has_message or is_absence_known
order by task_id asc, (status is null and not has_message) desc, (status is null) desc, member_id asc
