-- The results of either backend in one form. A date is that of the last write, in the zone of Celery's sessions where
-- it has none, and no start. Of a result there are read the class of an error and the name of the worker.
{{ config(enabled=is_system('celery')) }}
{% set results = source_table('jobs') %}
{% set django_results = source_table('django_jobs') %}
{% set has_both = (results.types and django_results.types) or not execute %}

{% if results.types or not execute -%}
select
    {{ source_column(results, 'task_id', 'text') }} as task_id,
    {{ source_column(results, 'status', 'text') }} as status,
    {{ source_column(results, 'name', 'text', required=false) }} as job_kind,
    {{ source_column(results, 'queue', 'text', required=false) }} as queue_name,
    {{ source_column(results, 'retries', 'bigint', required=false) }} as retries,
    case
        when status not in ('SUCCESS', 'FAILURE', 'RETRY', 'REVOKED')
            then substring(encode(result, 'escape') from '"hostname": *"([^"\\]+)"')
    end as holder_id,
    case
        when status in ('FAILURE', 'RETRY')
            then substring(encode(result, 'escape') from '"exc_type": *"([A-Za-z0-9_.]+)"')
    end as error_class,
    null::timestamptz as started_at,
    {{ source_timestamp(results, 'date_done') }} as written_at
from {{ source('celery', 'jobs') }}
{%- endif %}
{{ 'union all' if has_both }}
{% if django_results.types or not execute -%}
select
    {{ source_column(django_results, 'task_id', 'text') }} as task_id,
    {{ source_column(django_results, 'status', 'text') }} as status,
    {{ source_column(django_results, 'task_name', 'text') }} as job_kind,
    null::text as queue_name,
    null::bigint as retries,
    case
        when status not in ('SUCCESS', 'FAILURE', 'RETRY', 'REVOKED')
            then substring(result from '"hostname": *"([^"\\]+)"')
    end as holder_id,
    case
        when status in ('FAILURE', 'RETRY') then substring(result from '"exc_type": *"([A-Za-z0-9_.]+)"')
    end as error_class,
    {{ source_timestamp(django_results, 'date_started', required=false) }} as started_at,
    {{ source_timestamp(django_results, 'date_done') }} as written_at
from {{ source('celery', 'django_jobs') }}
{%- endif %}
