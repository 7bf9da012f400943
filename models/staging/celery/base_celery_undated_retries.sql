-- The retries that have no date: Celery dates every other write of a task that goes on, so that the first failure has
-- none unless starts are tracked (findings/celery-date-done-is-no-end.sh). Each with when it was seen that its message
-- waits, or that it has none.
{{ config(enabled=is_system('celery')) }}

select
    retries.task_id,
    retries.job_kind,
    retries.queue_name,
    retries.error_class,
    coalesce(messages.delivered_at, messages.first_seen_at, missed.first_seen_at) as seen_at
from {{ ref('base_celery_results') }} as retries
left join {{ ref('base_celery_messages') }} as messages on retries.task_id = messages.task_id
left join {{ ref('stg_queue_sightings') }} as missed
    on missed.kind = 'no_message' and retries.task_id = missed.name
where retries.status = 'RETRY' and retries.written_at is null
