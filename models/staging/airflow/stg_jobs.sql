-- The runs as jobs, by the number that Airflow gives them, since that finds their tasks by an index; their public id is
-- that of the DAG and theirs. The tasks of a run are judged one by one, as executions.
{{ config(enabled=is_system('airflow')) }}

{% for status in ['created', 'queued', 'running'] -%}
select
    runs.id as job_id,
    concat_ws('/', runs.dag_id, runs.run_id) as jobspec_id,
    '{{ status }}' as status,
    null::text as queue_name,
    runs.dag_id::text as job_kind,
    live_runs.waits_for,
    runs.clear_number::bigint as attempts,
    true as is_polled,
    runs.created_at as source_created_at,
    runs.updated_at as source_updated_at,
    coalesce(runs.created_at, runs.queued_at) as created_at,
    live_runs.ready_since,
    runs.updated_at,
    {{ 'runs.start_date' if status == 'running' else 'null::timestamptz' }} as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('airflow', 'jobs') }} as runs
inner join {{ ref('base_airflow_live_runs') }} as live_runs on runs.id = live_runs.id
where runs.state = '{{ 'queued' if status == 'created' else 'running' }}' and live_runs.status = '{{ status }}'
union all
{% endfor -%}
{% for state, status in [('success', 'completed'), ('failed', 'failed')] -%}
select
    id as job_id,
    concat_ws('/', dag_id, run_id) as jobspec_id,
    '{{ status }}' as status,
    null::text as queue_name,
    dag_id::text as job_kind,
    null::text as waits_for,
    clear_number::bigint + 1 as attempts,
    true as is_polled,
    created_at as source_created_at,
    updated_at as source_updated_at,
    coalesce(created_at, queued_at) as created_at,
    null::timestamptz as ready_since,
    updated_at,
    start_date as started_at,
    coalesce(end_date, updated_at) as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('airflow', 'jobs') }}
where state = '{{ state }}'
union all
{% endfor -%}
-- no state that a version which is known has
select
    id as job_id,
    concat_ws('/', dag_id, run_id) as jobspec_id,
    state::text as status,
    null::text as queue_name,
    dag_id::text as job_kind,
    null::text as waits_for,
    clear_number::bigint as attempts,
    true as is_polled,
    created_at as source_created_at,
    updated_at as source_updated_at,
    coalesce(created_at, queued_at) as created_at,
    null::timestamptz as ready_since,
    updated_at,
    null::timestamptz as started_at,
    null::timestamptz as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('airflow', 'jobs') }}
where state not in ('queued', 'running', 'success', 'failed') or state is null
