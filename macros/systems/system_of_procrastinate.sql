{% macro system_of_procrastinate() %}
    {{ return({
        'title': 'Procrastinate',
        'versions': '3.4 to 3.10',
        'schema': 'public',
        'tables': {
            'jobs': {
                'name': 'procrastinate_jobs',
                'required': [
                    'id', 'queue_name', 'task_name', 'priority', 'lock', 'queueing_lock', 'status', 'scheduled_at', 'attempts',
                    'abort_requested', 'worker_id',
                ],
                'optional': [],
                'recovered': {
                    'select': ['id', 'status', 'attempts', 'priority', 'queue_name', 'lock', 'scheduled_at', 'abort_requested'],
                    'update': ['status', 'attempts', 'scheduled_at', 'priority', 'queue_name', 'lock'],
                },
            },
            'events': {
                'name': 'procrastinate_events',
                'required': ['id', 'job_id', 'type', 'at'],
                'optional': [],
                'recovered': {'insert': ['job_id', 'type', 'at']},
            },
            'workers': {
                'name': 'procrastinate_workers', 'required': ['id', 'last_heartbeat'], 'optional': [],
            },
            'periodic_defers': {
                'name': 'procrastinate_periodic_defers',
                'required': ['task_name', 'periodic_id', 'defer_timestamp'],
                'optional': [],
            },
        },
        'labels': {
            'procrastinate_job_status': [
                'todo', 'doing', 'succeeded', 'failed', 'cancelled', 'aborting', 'aborted',
            ],
            'procrastinate_job_event_type': [
                'deferred', 'started', 'deferred_for_retry', 'failed', 'succeeded', 'cancelled', 'abort_requested',
                'aborted', 'scheduled', 'retried',
            ],
        },
        'relations': [
            'stg_jobs', 'stg_holders', 'stg_waits', 'stg_queues', 'stg_given_up', 'stg_attempts', 'stg_schedules',
            'stg_activity', 'stg_unproven_points', 'stg_job_contents', 'stg_watched_tables',
        ],
        'remedies': {
            'retry': {
                'statement': 'select procrastinate_retry_job_v2(%(id)s::bigint, now(), null, null, null)',
                'by_hand': 'a worker that drains cannot be told from one that is dead',
            },
        },
        'points': {
            'job_queued': {},
            'job_running': {},
            'job_running_unstarted': {},
            'job_unevaluable': {},
            'queue_depth': {},
            'queue_dead_letter': {},
            'job_blocked': {},
            'failure_burst': {},
            'schedule_missed': {},
            'worker_lost': {'max_age_minutes': 30, 'remedy': 'retry'},
            'queue_unserved': {},
            'job_interrupted': {},
            'job_recovered_repeatedly': {},
            'pipeline_stalled': {},
        },
    }) }}
{% endmacro %}
