-- The tasks of the runs as executions, each by its run, its task and its place in the map: the id of its row is another
-- one at each try. A task about which nothing was decided yet is none. Without a date that has an index: what ended of
-- late is in stg_attempts.
{{ config(enabled=is_system('airflow')) }}
{% set ranges = status_ranges([
    'awaiting_input', 'deferred', 'failed', 'queued', 'removed', 'restarting', 'running', 'scheduled', 'skipped', 'success',
])[1:] %}

{% for status, states in {
    'pending': ['scheduled', 'queued', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input'],
    'running': ['running', 'restarting'],
    'completed': ['success'],
    'failed': ['failed'],
    'cancelled': ['skipped', 'upstream_failed', 'removed'],
}.items() -%}
select
    execution_id,
    job_id,
    null::text as provider_id,
    job_kind as model_id,
    case when map_index >= 0 then map_index::text end as question_id,
    null::text as region,
    null::text as router_region,
    '{{ status }}' as status,
    null::text as original_error,
    null::text as failure_type,
    null::timestamptz as source_created_at,
    greatest(try_number - 1, 0)::bigint as retry_count,
    max_tries::bigint as max_retries,
    coalesce(scheduled_dttm, queued_dttm, start_date, updated_at) as created_at,
    {% if status == 'pending' %}null::timestamptz{% else %}start_date{% endif %} as started_at,
    {% if status in ('pending', 'running') %}null::timestamptz{% else %}end_date{% endif %} as completed_at,
    null::xid as row_version
from {{ ref('base_airflow_executions') }}
where state in ('{{ states | join("', '") }}')
union all
{% endfor -%}
-- a state that no version which is known has
select
    execution_id,
    job_id,
    null::text as provider_id,
    job_kind as model_id,
    case when map_index >= 0 then map_index::text end as question_id,
    null::text as region,
    null::text as router_region,
    state::text as status,
    null::text as original_error,
    null::text as failure_type,
    null::timestamptz as source_created_at,
    greatest(try_number - 1, 0)::bigint as retry_count,
    max_tries::bigint as max_retries,
    coalesce(updated_at, scheduled_dttm) as created_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::xid as row_version
from {{ ref('base_airflow_executions') }}
where
    -- ranges, which its index has; the words with the same beginning lie in the last one
    (({{ ranges | join(') or (') | replace('status', 'state') }}))
    and state not in (
        'scheduled', 'queued', 'up_for_retry', 'up_for_reschedule', 'deferred', 'awaiting_input', 'running',
        'restarting', 'success', 'failed', 'skipped', 'upstream_failed', 'removed'
    )
