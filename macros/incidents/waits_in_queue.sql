{% macro waits_in_queue(point, cause, queue_name) -%}
{%- if 'queue_unserved' in stuck_jobs.job_system().points -%}
    {{ queue_name }} is not null
    and (
        {{ point }} in ('queue_backlog', 'queue_depth')
        or (
            {{ point }} in ('job_created', 'job_queued')
            and {{ cause }} in ('message_waiting', 'not_taken', 'retry_not_taken')
        )
    )
{%- else -%}
    false
{%- endif -%}
{%- endmacro %}
