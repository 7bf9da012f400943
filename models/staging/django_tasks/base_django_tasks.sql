-- The tasks in one clock and in words of ours. A task that was enqueued without a delay has the first day of the
-- year 9999 as run_after, in UTC or in the zone of a Django without USE_TZ. A queue of another backend than the
-- default one is another queue, though it has the same name. Without a WITH clause, as stg_jobs.
{{ config(enabled=is_system('django_tasks')) }}
{% set tasks = source_table('jobs') %}

select
    id as task_id,
    {{ source_column(tasks, 'status', 'text') }} as status,
    case when backend_name = 'default' then queue_name else concat(backend_name, '/', queue_name) end as queue_name,
    {{ source_column(tasks, 'task_path', 'text') }} as task_path,
    nullif({{ source_column(tasks, 'exception_class_path', 'text') }}, '') as exception_class,
    case when jsonb_typeof(worker_ids) = 'array' then jsonb_array_length(worker_ids) end::bigint as starts,
    {{ source_timestamp(tasks, 'enqueued_at') }} as enqueued_at,
    {{ source_timestamp(tasks, 'started_at') }} as started_at,
    {{ source_timestamp(tasks, 'finished_at') }} as finished_at,
    case
        when {{ source_timestamp(tasks, 'run_after') }} < timestamptz '9998-12-30 00:00+00'
            then {{ source_timestamp(tasks, 'run_after') }}
    end as delayed_until
from {{ source('django_tasks', 'jobs') }}
