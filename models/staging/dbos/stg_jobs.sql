-- The workflows as jobs, a branch with a constant for each status. Their times are milliseconds since 1970. When a
-- workflow that runs began is when its present step began at the latest: it writes nothing while a step runs.
{{ config(enabled=is_system('dbos')) }}

select
    workflow_uuid as job_id,
    workflow_uuid as jobspec_id,
    'queued' as status,
    queue_name,
    name as job_kind,
    waits_for,
    recovery_attempts as attempts,
    true as is_polled,
    {{ from_epoch_ms('created_at') }} as source_created_at,
    {{ from_epoch_ms('updated_at') }} as source_updated_at,
    {{ from_epoch_ms('created_at') }} as created_at,
    ready_since,
    {{ from_epoch_ms('updated_at') }} as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_dbos_waiting') }}
union all
select
    workflow_uuid as job_id,
    workflow_uuid as jobspec_id,
    'queued' as status,
    queue_name,
    name as job_kind,
    case when {{ from_epoch_ms('delay_until_epoch_ms') }} > {{ as_of() }} then 'due_time' end as waits_for,
    recovery_attempts as attempts,
    true as is_polled,
    {{ from_epoch_ms('created_at') }} as source_created_at,
    {{ from_epoch_ms('updated_at') }} as source_updated_at,
    {{ from_epoch_ms('created_at') }} as created_at,
    coalesce({{ from_epoch_ms('delay_until_epoch_ms') }}, {{ from_epoch_ms('updated_at') }}) as ready_since,
    {{ from_epoch_ms('updated_at') }} as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('dbos', 'jobs') }}
where status = 'DELAYED'
union all
select
    workflow_uuid as job_id,
    workflow_uuid as jobspec_id,
    'running' as status,
    queue_name,
    name as job_kind,
    waits_for,
    greatest(recovery_attempts - 1, 0) as attempts,
    true as is_polled,
    {{ from_epoch_ms('created_at') }} as source_created_at,
    {{ from_epoch_ms('updated_at') }} as source_updated_at,
    {{ from_epoch_ms('created_at') }} as created_at,
    null::timestamptz as ready_since,
    {{ from_epoch_ms('updated_at') }} as updated_at,
    step_began_at as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ ref('base_dbos_running') }}
{%- for state, status in [
    ('SUCCESS', 'completed'), ('ERROR', 'failed'), ('MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'failed'),
    ('CANCELLED', 'cancelled'),
] %}
union all
select
    workflow_uuid as job_id,
    workflow_uuid as jobspec_id,
    '{{ status }}' as status,
    queue_name,
    name as job_kind,
    null::text as waits_for,
    recovery_attempts as attempts,
    true as is_polled,
    {{ from_epoch_ms('created_at') }} as source_created_at,
    {{ from_epoch_ms('updated_at') }} as source_updated_at,
    {{ from_epoch_ms('created_at') }} as created_at,
    null::timestamptz as ready_since,
    {{ from_epoch_ms('updated_at') }} as updated_at,
    {{ from_epoch_ms('started_at_epoch_ms') }} as started_at,
    coalesce({{ from_epoch_ms('completed_at') }}, {{ from_epoch_ms('updated_at') }}) as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('dbos', 'jobs') }}
where status = '{{ state }}'
{%- endfor %}
union all
-- no state that a version which is known has
select
    workflow_uuid as job_id,
    workflow_uuid as jobspec_id,
    status,
    queue_name,
    name as job_kind,
    null::text as waits_for,
    recovery_attempts as attempts,
    true as is_polled,
    {{ from_epoch_ms('created_at') }} as source_created_at,
    {{ from_epoch_ms('updated_at') }} as source_updated_at,
    {{ from_epoch_ms('created_at') }} as created_at,
    null::timestamptz as ready_since,
    {{ from_epoch_ms('updated_at') }} as updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('dbos', 'jobs') }}
where
    status not in (
        'ENQUEUED', 'DELAYED', 'PENDING', 'SUCCESS', 'ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'CANCELLED'
    )
    or status is null
