-- The tasks that somebody is at, and what proves that nobody is: no worker listens any more, also none that ends its
-- work; or a message was not given back after its time; or what is to be tried again has no message. Two looks are
-- needed, since a message is in no place for a moment while it is taken.
{{ config(enabled=is_system('celery')) }}

with looks as (
    select
        *,
        coalesce(is_usable and listeners = 0, false) as is_silent,
        coalesce(is_usable and listeners = 0 and deserted_since <= observed_at - interval '2 minutes', false)
            as is_deserted
    from {{ ref('base_celery_look') }}
),

held_or_missed as (
    select
        running.*,
        looks.is_silent,
        looks.is_deserted,
        looks.deserted_since,
        running.is_held and running.delivered_at < looks.observed_at - {{ max_age('worker_lost') }} as is_overdue,
        looks.is_usable and looks.is_complete and running.missed_since < looks.observed_at as is_missed
    from {{ ref('base_celery_running') }} as running
    cross join looks
)

select
    is_held,
    task_id as job_id,
    task_id as jobspec_id,
    'running' as status,
    queue_name,
    job_kind,
    holder_id,
    null::timestamptz as last_beat_at,
    began_at as started_at,
    null::interval as dead_after,
    null::text as suspicion,
    case
        when is_held and is_deserted then 'nobody_listens'
        when is_overdue then 'not_restored'
        when is_retry and is_missed then 'message_gone'
        when not is_held and not is_retry and is_missed and is_deserted then 'nobody_listens'
    end as loss,
    false as is_free,
    concat(
        'worker ' || holder_id || ', ',
        case
            when is_held then concat('its message delivered ', {{ ago('delivered_at') }}, ' and not settled')
            when missed_since is not null then concat('without a message in Redis since ', {{ ago('missed_since') }})
            else 'its message settled before it began'
        end,
        case when is_silent then concat(', no worker listens since ', {{ ago('deserted_since') }}) end
    ) as evidence,
    null::interval as lost_after,
    null::text as no_remedy
from held_or_missed
