-- What can be told neither way now: whether a worker lives that has had a task for long, or at all where nobody may see
-- who listens; whether a message is nowhere if not all were read; whether a member of a chord runs that is nowhere;
-- whether beat has sent what left no result, or what may wait in a queue; when that failed which is tried again and not
-- dated; which zone the results' dates are of.
{{ config(enabled=is_system('celery')) }}
{% set long_ago = as_of() ~ ' - ' ~ max_age('job_running') %}

with losses as (
    select
        count(*) filter (where holders.loss is null and holders.started_at < {{ long_ago }}) as long_ones,
        count(*) filter (where look.is_usable and look.listeners is null) as unheard,
        count(*) filter (
            where look.is_usable and not look.is_complete and holders.loss is null and not holders.is_held
        ) as hidden
    from {{ ref('base_celery_holders') }} as holders
    cross join {{ ref('base_celery_look') }} as look
)

select
    'worker_lost' as accumulation_point,
    case
        when unheard > 0
            then concat(
                'whether the workers of ', unheard, ' tasks live is not known: the user of Redis may not ask who is',
                ' connected; grant it client|list'
            )
        when hidden > 0
            then concat(
                'whether ', hidden, ' tasks have a message is not known: not all messages were read, or not all queues',
                ' were looked for'
            )
        else concat(
            'whether the workers of ', long_ones, ' tasks live is not known: they were begun longer ago than the limit',
            ' of job_running, and any worker that listens may be at them'
        )
    end as problem
from losses
where unheard + hidden + long_ones > 0
union all
select
    'job_blocked' as accumulation_point,
    concat(
        'whether all members of ', count(distinct members.task_id), ' chords are at work is not known: some have',
        ' neither a message nor a result',
        case when bool_and(look.is_complete) then '; task_track_started would tell' else ', and not all was read' end
    ) as problem
from {{ ref('base_celery_members') }} as members
cross join {{ ref('base_celery_look') }} as look
where
    not members.has_result
    and not members.has_message
    and not members.is_absence_known
    and members.since < {{ long_ago }}
having count(*) > 0
union all
select
    'schedule_missed' as accumulation_point,
    case
        when count(*) filter (where ticked_at is null) > 0
            then concat(
                'whether ', min(schedule) filter (where ticked_at is null), ' ticks is not known:',
                ' django-celery-results has no result with this periodic_task_name; result_extended keeps it'
            )
        else concat(
            'whether ', min(schedule), ' ticks is not known: its last result is too old, and messages of the same',
            ' task are due'
        )
    end as problem
from {{ ref('base_celery_schedules') }}
where ticked_at is null or (may_be_sent and due_at < {{ as_of() }} - {{ max_age('schedule_missed') }})
having count(*) > 0
union all
select
    'failure_burst' as accumulation_point,
    concat(
        'whether ', count(*), ' tasks failed of late that are tried again is not known: Celery has not dated it, and',
        ' no look at Redis has their messages'
    ) as problem
from {{ ref('base_celery_look') }} as look
cross join {{ ref('base_celery_undated_retries') }} as retries
where not (look.is_usable and look.is_complete) and retries.seen_at is null
-- fewer are no burst
having
    count(*) > 0
    and count(*) + (
        select count(*) from {{ ref('stg_attempts') }} as attempts
        where attempts.is_failed
    ) >= {{ limit('failure_burst', 'min_failures') }}
union all
select
    'pipeline_stalled' as accumulation_point,
    concat(
        'the newest result is of a time to come: vars: source_time_zone must be the zone of the sessions in which',
        ' Celery writes'
    ) as problem
from {{ ref('base_celery_results') }}
where written_at > {{ as_of() }} + interval '5 minutes'
having count(*) > 0
