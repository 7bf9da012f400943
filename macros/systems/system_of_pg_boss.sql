{% macro system_of_pg_boss() %}
    {{ return({
        'title': 'pg-boss',
        'versions': '10.4 to 12.38',
        'schema': 'pgboss',
        'tables': {
            'jobs': {
                'name': 'job',
                'required': [
                    'id', 'name', 'state', 'policy', 'singleton_key', 'singleton_on', 'retry_limit', 'retry_count', 'start_after',
                    'created_on', 'started_on', 'completed_on', 'keep_until', 'dead_letter',
                ],
                'optional': [
                    'expire_in', 'expire_seconds', 'heartbeat_on', 'heartbeat_seconds', 'blocked', 'blocking', 'source_name',
                    'source_id', 'source_retry_count',
                ],
                'withheld': ['output', 'source_output'],
                'recovered': {
                    'select': ['id', 'name', 'state', 'retry_count', 'retry_limit', 'start_after'],
                    'update': ['state', 'start_after'],
                },
            },
            'queues': {
                'name': 'queue',
                'required': ['name', 'dead_letter', 'created_on'],
                'optional': ['monitor_on', 'monitor_claim_on'],
                'recovered': {'select': ['name']},
            },
            'schedules': {
                'name': 'schedule',
                'required': ['name', 'cron', 'timezone', 'created_on', 'updated_on'],
                'optional': ['key', 'kind'],
            },
            'version': {
                'name': 'version',
                'required': ['version', 'cron_on'],
                'optional': ['maintained_on', 'flow_on'],
            },
            'instances': {
                'name': 'instance',
                'required': ['id', 'heartbeat_seconds', 'workers', 'config', 'started_on', 'heartbeat_on', 'stopped_on'],
                'optional': [],
                'is_optional': true,
            },
            'dependencies': {
                'name': 'job_dependency',
                'required': ['child_name', 'child_id', 'parent_name', 'parent_id'],
                'optional': [],
                'is_optional': true,
            },
            'archive': {
                'name': 'archive',
                'required': ['name', 'state', 'singleton_key', 'singleton_on'],
                'optional': [],
                'is_optional': true,
            },
        },
        'labels': {
            'job_state': ['created', 'retry', 'active', 'completed', 'cancelled', 'failed'],
        },
        'relations': [
            'stg_jobs', 'stg_holders', 'stg_waits', 'stg_queues', 'stg_given_up', 'stg_attempts', 'stg_schedules',
            'stg_conductors', 'stg_activity', 'stg_unproven_points', 'stg_job_contents', 'stg_watched_tables',
        ],
        'remedies': {
            'retry': {
                'statement': "
                    update job set state = 'retry', start_after = greatest(job.start_after, now())
                    from queue
                    where job.name = queue.name and job.id = %(id)s::uuid
                        and job.state = 'active' and job.retry_count < job.retry_limit
                ",
            },
        },
        'points': {
            'job_queued': {},
            'job_running': {},
            'job_running_unstarted': {},
            'job_unevaluable': {},
            'job_expiring': {},
            'queue_depth': {},
            'queue_dead_letter': {},
            'job_blocked': {},
            'failure_burst': {},
            'schedule_missed': {},
            'worker_lost': {'remedy': 'retry'},
            'queue_unserved': {},
            'conductor_dead': {},
            'job_recovered_repeatedly': {},
            'pipeline_stalled': {},
        },
    }) }}
{% endmacro %}
