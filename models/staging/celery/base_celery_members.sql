-- The members of chords that have not ended, each with the task of its chain that is furthest. Where it has ended after
-- the look, what follows may have been sent since. One that is nowhere is missing only where all was read, and
-- something would say that it runs. For django-celery-results one that failed has ended as well; where all have, and it
-- still counts, what was to count the last one was killed.
{{ config(enabled=is_system('celery')) }}

with members as (
    select
        chords.task_id,
        chords.queue_name,
        chords.job_kind,
        chords.since,
        chords.is_counted,
        member.ids ->> 0 as member_id,
        member.ids
    from {{ ref('base_celery_chords') }} as chords
    cross join lateral unnest(array(select jsonb_array_elements(chords.members))) as member (ids)
),

tracked as (
    select exists(
        select 1 from {{ ref('base_celery_results') }} as results
        where results.status = 'STARTED' or results.started_at is not null
    ) as are_starts_seen
),

open_members as (
    select
        members.*,
        results.status is not null as has_result
    from members
    left join {{ ref('base_celery_results') }} as results on members.member_id = results.task_id
    where
        case
            when members.is_counted then coalesce(results.status not in ('SUCCESS', 'FAILURE', 'REVOKED'), true)
            else results.status is distinct from 'SUCCESS'
        end
        or members.member_id in (select messages.task_id from {{ ref('base_celery_messages') }} as messages)
),

uncounted as (
    select
        members.task_id,
        greatest(members.since, max(results.written_at)) as since
    from members
    left join {{ ref('base_celery_results') }} as results on members.member_id = results.task_id
    where members.is_counted and members.task_id not in (select open_members.task_id from open_members)
    group by members.task_id, members.since
),

-- a task each, which the planner does not know of messages
sent as (
    select distinct task_id from {{ ref('base_celery_messages') }}
),

steps as (
    select distinct on (open_members.task_id, open_members.member_id)
        open_members.task_id,
        open_members.member_id,
        step.task_id as step_id,
        sent.task_id is not null as has_message
    from open_members
    cross join {{ ref('base_celery_look') }} as look
    cross join
        lateral unnest(array(select jsonb_array_elements_text(open_members.ids)))
        with ordinality as step (task_id, place)
    left join {{ ref('base_celery_results') }} as results on step.task_id = results.task_id
    left join sent on step.task_id = sent.task_id
    where
        sent.task_id is not null
        or results.status not in ('SUCCESS', 'FAILURE', 'REVOKED')
        or results.written_at >= look.observed_at
    order by open_members.task_id asc, open_members.member_id asc, (sent.task_id is not null) desc, step.place asc
)

select
    open_members.task_id,
    open_members.queue_name,
    open_members.job_kind,
    coalesce(steps.step_id, open_members.member_id) as member_id,
    open_members.since,
    open_members.has_result or steps.step_id is not null as has_result,
    coalesce(steps.has_message, false) as has_message,
    coalesce(look.is_usable and look.is_complete and (look.listeners = 0 or tracked.are_starts_seen), false)
        as is_absence_known
from open_members
cross join tracked
cross join {{ ref('base_celery_look') }} as look
left join steps on open_members.task_id = steps.task_id and open_members.member_id = steps.member_id
union all
select
    task_id,
    null::text as queue_name,
    null::text as job_kind,
    null::text as member_id,
    since,
    false as has_result,
    false as has_message,
    true as is_absence_known
from uncounted
