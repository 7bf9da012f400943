{% macro point_precedence(point) -%}
    array_position(
        array[
            'outbox_unpublished', 'queue_backlog', 'queue_retry_overdue', 'queue_dead_letter', 'queue_duplicate',
            'queue_orphan', 'job_recovered_repeatedly', 'job_not_closed', 'worker_lost', 'job_closed_early',
            'job_interrupted', 'execution_missing', 'job_blocked', 'job_expiring', 'job_created', 'job_queued',
            'job_processing', 'job_running', 'job_running_unstarted', 'execution_running', 'execution_pending',
            'execution_unevaluable', 'job_unevaluable'
        ],
        {{ point }}
    )
{%- endmacro %}
