{% macro system_of_celery() %}
    {% set from_redis = {'evidence': 'snapshot', 'enabled': var('redis_enabled')} %}
    {{ return({
        'title': 'Celery',
        'versions': '5',
        'schema': 'public',
        'tables': {
            'jobs': {
                'name': 'celery_taskmeta',
                'key_type': 'text',
                'required': ['task_id', 'status', 'result', 'date_done'],
                'optional': ['name', 'queue', 'retries'],
                'is_optional': true,
                'types': {'date_done': 'timestamp without time zone'},
            },
            'django_jobs': {
                'name': 'django_celery_results_taskresult',
                'required': ['task_id', 'status', 'result', 'task_name', 'date_done'],
                'optional': ['date_started', 'date_created', 'periodic_task_name'],
                'is_optional': true,
                'types': {
                    'date_done': 'timestamp with time zone', 'date_started': 'timestamp with time zone',
                    'date_created': 'timestamp with time zone',
                },
            },
            'django_chords': {
                'name': 'django_celery_results_chordcounter',
                'required': ['group_id', 'sub_tasks', 'count'],
                'optional': [],
                'is_optional': true,
            },
        },
        'broker': {
            'queues': ['celery'],
            'not_queues': ['.pidbox', 'celeryev'],
            'waiting_task': 'celery.chord_unlock',
            'transport': var('broker_transport_options'),
        },
        'relations': [
            'stg_jobs', 'stg_holders', 'stg_waits', 'stg_given_up', 'stg_attempts', 'stg_schedules', 'stg_activity',
            'stg_unproven_points', 'stg_watched_tables',
        ],
        'remedies': {
            'republish': {
                'command': 'a worker that serves its queue, celery -A APP worker -Q QUEUE; job {job_id} goes on by itself then',
            },
            'retry': {
                'command': 'a worker, celery -A APP worker -Q QUEUE, which gives the message back an hour after it was last'
                    ~ ' delivered, or whatever its visibility timeout is; if it has no message any more, by sending it again with'
                    ~ ' the same id, app.send_task(NAME, ARGS, KWARGS, task_id="{job_id}")',
                'by_hand': 'nothing in Redis says which worker has it',
            },
            'requeue': {
                'command': 'sending it again with the same id, app.send_task(NAME, ARGS, KWARGS, task_id="{job_id}")',
            },
        },
        'points': {
            'job_queued': dict(from_redis, remedy='republish'),
            'job_running': from_redis,
            'job_unevaluable': {},
            'queue_depth': from_redis,
            'queue_unserved': from_redis,
            'queue_dead_letter': {'remedy': 'requeue'},
            'job_blocked': from_redis,
            'failure_burst': {},
            'schedule_missed': dict(from_redis, enabled=var('redis_enabled') and var('schedules') | length > 0),
            'worker_lost': dict(from_redis, max_age_minutes=65, remedy='retry'),
            'pipeline_stalled': from_redis,
        },
    }) }}
{% endmacro %}
