{% macro system_of_dbos() %}
    {{ return({
        'title': 'DBOS',
        'versions': '3.0 to 3.4',
        'schema': 'dbos',
        'tables': {
            'jobs': {
                'name': 'workflow_status',
                'key_type': 'text',
                'required': [
                    'workflow_uuid', 'status', 'name', 'executor_id', 'application_version', 'queue_name',
                    'queue_partition_key', 'recovery_attempts', 'created_at', 'updated_at', 'started_at_epoch_ms',
                    'completed_at', 'delay_until_epoch_ms', 'rate_limited', 'schedule_name',
                ],
                'optional': [],
            },
            'steps': {
                'name': 'operation_outputs',
                'required': [
                    'workflow_uuid', 'function_id', 'function_name', 'child_workflow_id', 'started_at_epoch_ms',
                    'completed_at_epoch_ms',
                ],
                'optional': [],
                'withheld': ['output'],
            },
            'queues': {
                'name': 'queues',
                'required': [
                    'name', 'concurrency', 'worker_concurrency', 'rate_limit_max', 'rate_limit_period_sec',
                    'partition_concurrency', 'partition_worker_concurrency', 'partition_rate_limit_max',
                    'partition_rate_limit_period_sec',
                ],
                'optional': [],
            },
            'schedules': {
                'name': 'workflow_schedules',
                'required': ['schedule_name', 'workflow_name', 'queue_name', 'status', 'last_fired_at'],
                'optional': [],
            },
            'versions': {
                'name': 'application_versions',
                'required': ['version_name', 'version_timestamp'],
                'optional': [],
            },
        },
        'relations': [
            'stg_jobs', 'stg_holders', 'stg_queues', 'stg_given_up', 'stg_attempts', 'stg_schedules', 'stg_activity',
            'stg_unproven_points', 'stg_watched_tables',
        ],
        'remedies': {
            'retry': {
                'command': 'an executor that is started with its executor id and its application version, which goes on with'
                    ~ ' it at once; else by dbos workflow resume {job_id}, which an executor of its version takes up',
                'by_hand': 'whether its executor lives is known while none at all has a session',
            },
            'republish': {
                'command': 'an executor of its application version that listens to its queue; if that version is gone, by'
                    ~ ' dbos workflow fork {job_id} --application-version VERSION, and dbos workflow cancel {job_id}',
            },
            'requeue': {
                'command': 'dbos workflow resume {job_id} if recovery gave it up; if it failed, by dbos workflow fork {job_id}'
                    ~ ' --step STEP',
            },
        },
        'points': {
            'job_queued': {'remedy': 'republish'},
            'job_running': {},
            'job_unevaluable': {},
            'queue_depth': {},
            'queue_dead_letter': {'remedy': 'requeue'},
            'failure_burst': {},
            'schedule_missed': {},
            'worker_lost': {'max_age_minutes': 0.5, 'remedy': 'retry'},
            'queue_unserved': {},
            'pipeline_stalled': {},
        },
    }) }}
{% endmacro %}
