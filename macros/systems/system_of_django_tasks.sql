{% macro system_of_django_tasks() %}
    {{ return({
        'title': 'Django tasks',
        'schema': 'public',
        'versions': 'django-tasks-db 0.12 and 0.13',
        'tables': {
            'jobs': {
                'name': 'django_tasks_database_dbtaskresult',
                'required': [
                    'id', 'status', 'enqueued_at', 'started_at', 'finished_at', 'run_after', 'queue_name', 'backend_name',
                    'task_path', 'worker_ids', 'exception_class_path',
                ],
                'optional': [],
            },
        },
        'relations': [
            'stg_jobs', 'stg_activity', 'stg_attempts', 'stg_given_up', 'stg_queues', 'stg_watched_tables',
        ],
        'points': {
            'job_queued': {},
            'job_running': {},
            'job_running_unstarted': {},
            'job_unevaluable': {},
            'queue_depth': {},
            'queue_dead_letter': {},
            'queue_unserved': {},
            'job_interrupted': {},
            'failure_burst': {},
            'pipeline_stalled': {},
        },
    }) }}
{% endmacro %}
