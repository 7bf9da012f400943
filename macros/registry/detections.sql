{% macro detections() %}
    {{ return({
        'stale_jobs': [
            'job_created', 'job_queued', 'job_processing', 'job_running', 'job_running_unstarted', 'job_unevaluable',
        ],
        'unpublished_outbox': ['outbox_unpublished'],
        'queue_backlog': ['queue_backlog', 'queue_retry_overdue'],
        'int_overfull_queues': ['queue_depth'],
        'dead_letters': ['queue_dead_letter'],
        'queue_mismatches': ['queue_orphan', 'queue_duplicate'],
        'missing_executions': ['execution_missing'],
        'stuck_executions': ['execution_pending', 'execution_running', 'execution_unevaluable'],
        'lost_workers': ['worker_lost'],
        'interrupted_jobs': ['job_interrupted'],
        'repeated_recoveries': ['job_recovered_repeatedly'],
        'status_mismatches': ['job_not_closed', 'job_closed_early'],
        'int_failing_executions': ['provider_timeout', 'provider_retries_exhausted', 'failure_burst'],
        'blocked_jobs': ['job_blocked'],
        'unserved_queues': ['queue_unserved'],
        'silent_conductors': ['conductor_dead'],
        'missed_schedules': ['schedule_missed'],
        'expiring_jobs': ['job_expiring'],
        'stalled_pipeline': ['pipeline_stalled'],
    }) }}
{% endmacro %}
