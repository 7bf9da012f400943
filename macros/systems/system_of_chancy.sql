{% macro system_of_chancy() %}
    {{ return({
        'title': 'Chancy',
        'versions': '0.26',
        'schema': 'public',
        'tables': {
            'jobs': {
                'name': 'chancy_jobs',
                'required': [
                    'id', 'queue', 'func', 'state', 'attempts', 'max_attempts', 'taken_by', 'claim_id', 'created_at',
                    'started_at', 'completed_at', 'scheduled_at', 'unique_key', 'errors',
                ],
                'optional': [],
            },
            'queues': {
                'name': 'chancy_queues',
                'required': ['name', 'state', 'concurrency', 'rate_limit', 'rate_limit_window', 'resume_at'],
                'optional': [],
            },
            'workers': {
                'name': 'chancy_workers',
                'required': ['worker_id', 'queues', 'last_seen', 'expires_at'],
                'optional': [],
                'is_unlogged': true,
            },
            'rate_limits': {
                'name': 'chancy_queue_rate_limits',
                'required': ['queue', 'window_start', 'count'],
                'optional': [],
                'is_unlogged': true,
            },
            'cron': {
                'name': 'chancy_cron',
                'required': ['unique_key', 'last_run', 'next_run'],
                'optional': [],
                'is_optional': true,
            },
        },
        'relations': [
            'stg_jobs', 'stg_holders', 'stg_queues', 'stg_given_up', 'stg_attempts', 'stg_schedules', 'stg_activity',
            'stg_watched_tables', 'stg_unproven_points',
        ],
        'remedies': {
            'retry': {
                'command': 'chancy worker start: any worker that lives takes job {job_id} back by itself, by the plug-in Recovery',
                'by_hand': 'the children of a worker that was killed may go on with its jobs',
            },
            'requeue': {
                'command': "await chancy.retry_jobs([Reference('{job_id}')])",
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
            'worker_lost': {'max_age_minutes': 1.5, 'remedy': 'retry'},
            'queue_unserved': {},
            'pipeline_stalled': {},
        },
    }) }}
{% endmacro %}
