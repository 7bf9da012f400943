{% macro age_limits() -%}
    {%- set observed = {
        'job_created': 'queue_wait',
        'job_queued': 'queue_wait',
        'queue_backlog': 'queue_wait',
        'job_processing': 'run_time',
        'job_running': 'run_time',
        'job_interrupted': 'run_time',
        'job_not_closed': 'final_write',
        'job_closed_early': 'late_work',
        'outbox_unpublished': 'outbox_wait',
        'execution_pending': 'execution_total',
        'execution_running': 'execution_run',
        'provider_timeout': 'execution_run',
    } -%}
    {%- set rows = [] -%}
    {%- for point, fields in stuck_jobs.registry().items() if fields.enabled -%}
        {%- set seconds = var('provider_timeout_seconds') if point == 'provider_timeout' else
            fields.max_age_minutes * 60 if 'max_age_minutes' in fields -%}
        {%- if seconds is number -%}
            {%- do rows.append("('" ~ point ~ "', " ~ seconds ~ ", '" ~ observed.get(point, 'nothing') ~ "')") -%}
        {%- endif -%}
    {%- endfor -%}
    values
    {{ rows | join(',\n    ') or '(null, 0, null)' }}
{%- endmacro %}
