-- The tasks that somebody is at, and what proves that nobody is: no worker listens any more, also none that ends its
-- work; or a message was not given back after its time; or what is to be tried again has no message. Two looks are
-- needed, since a message is in no place for a moment while it is taken.
{{ config(enabled=is_system('celery')) }}
{% set is_deserted = "(look.is_usable and look.listeners = 0 and look.deserted_since <= look.observed_at - interval '2 minutes')" %}
{% set is_missed = "(look.is_usable and look.is_complete and running.missed_since < look.observed_at)" %}

select
    running.task_id as job_id,
    running.task_id as jobspec_id,
    'running' as status,
    running.queue_name,
    running.job_kind,
    running.holder_id,
    null::timestamptz as last_beat_at,
    running.began_at as started_at,
    null::interval as dead_after,
    null::text as suspicion,
    case
        when running.is_held and {{ is_deserted }} then 'nobody_listens'
        when running.is_held and running.delivered_at < look.observed_at - {{ max_age('worker_lost') }} then 'not_restored'
        when running.is_retry and {{ is_missed }} then 'message_gone'
        when not running.is_held and not running.is_retry and {{ is_missed }} and {{ is_deserted }} then 'nobody_listens'
    end as loss,
    false as is_free,
    concat(
        'worker ' || running.holder_id || ', ',
        case
            when running.is_held then concat('its message delivered ', {{ ago('running.delivered_at') }}, ' and not settled')
            when running.missed_since is not null
                then concat('without a message in Redis since ', {{ ago('running.missed_since') }})
            else 'its message settled before it began'
        end,
        case
            when look.is_usable and look.listeners = 0
                then concat(', no worker listens since ', {{ ago('look.deserted_since') }})
        end
    ) as evidence,
    null::interval as lost_after,
    null::text as no_remedy
from {{ ref('base_celery_running') }} as running
cross join {{ ref('base_celery_look') }} as look
