{% macro system_of_pgqueuer() %}
    {{ return({
        'title': 'PgQueuer',
        'versions': '1.0 to 1.6',
        'schema': 'public',
        'tables': {
            'jobs': {
                'name': 'pgqueuer',
                'required': [
                    'id', 'queue_manager_id', 'created', 'updated', 'heartbeat', 'execute_after', 'status', 'entrypoint',
                    'attempts',
                ],
                'optional': ['slot'],
            },
            'log': {
                'name': 'pgqueuer_log',
                'required': ['id', 'created', 'job_id', 'status', 'entrypoint', 'traceback'],
                'optional': [],
            },
            'schedules': {
                'name': 'pgqueuer_schedules',
                'required': ['id', 'expression', 'entrypoint', 'heartbeat', 'next_run', 'last_run', 'status'],
                'optional': [],
            },
        },
        'labels': {
            'pgqueuer_status': ['queued', 'picked', 'successful', 'exception', 'canceled', 'deleted', 'failed'],
        },
        'relations': [
            'stg_jobs', 'stg_holders', 'stg_queues', 'stg_given_up', 'stg_attempts', 'stg_recoveries', 'stg_schedules',
            'stg_activity', 'stg_watched_tables',
        ],
        'remedies': {
            'retry': {
                'command': 'pgq run of a worker that serves its entrypoint, which takes over job {job_id} at once',
                'by_hand': 'a worker whose event loop is blocked cannot be told from one that is dead',
            },
            'requeue': {
                'command': 'pgq requeue {job_id} if it is held; what was deleted when it failed is enqueued anew',
            },
        },
        'points': {
            'job_queued': {},
            'job_running': {},
            'job_running_unstarted': {},
            'job_unevaluable': {},
            'queue_depth': {},
            'queue_dead_letter': {'remedy': 'requeue'},
            'failure_burst': {},
            'schedule_missed': {},
            'worker_lost': {'max_age_minutes': 0.5, 'remedy': 'retry'},
            'queue_unserved': {},
            'job_recovered_repeatedly': {'min_recoveries': 1},
            'pipeline_stalled': {},
        },
    }) }}
{% endmacro %}
