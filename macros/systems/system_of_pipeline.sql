{% macro system_of_pipeline() %}
    {% set from_redis = {'evidence': 'snapshot', 'enabled': var('redis_enabled')} %}
    {{ return({
        'title': 'The pipeline of the analysis',
        'schema': 'public',
        'tables': {
            'jobs': {
                'name': var('jobs_table'),
                'required': ['id', 'jobspec_id', 'jobspec_data', 'status', 'created_at', 'updated_at'],
                'optional': ['started_at', 'completed_at'],
                'recovered': {
                    'select': ['id', 'jobspec_id'],
                    'update': ['status', 'updated_at', 'started_at', 'completed_at', 'error_message'],
                },
                'has_row_versions': true,
            },
            'executions': {
                'name': var('executions_table'),
                'required': ['id', 'job_id', 'provider_id', 'region', 'status', 'created_at', 'started_at'],
                'optional': [
                    'model_id', 'question_id', 'completed_at', 'original_error', 'retry_count', 'max_retries',
                ],
                'withheld': ['output_data'],
                'recovered': {
                    'select': ['id', 'original_error'], 'update': ['status', 'completed_at', 'original_error'],
                },
                'has_row_versions': true,
            },
            'outbox': {
                'name': var('outbox_table'),
                'required': ['id', 'topic', 'payload', 'created_at', 'published_at'],
                'optional': [],
                'recovered': {'insert': ['topic', 'payload', 'created_at']},
            },
        },
        'relations': [
            'stg_jobs', 'stg_job_specs', 'stg_executions', 'stg_outbox', 'stg_job_contents', 'stg_execution_contents',
            'stg_judgment_basis', 'stg_activity', 'stg_watched_tables',
        ],
        'points': {
            'job_created': {'remedy': 'republish'},
            'job_queued': {'remedy': 'republish'},
            'job_processing': {'remedy': 'reset'},
            'job_running': {'remedy': 'timeout'},
            'job_running_unstarted': {'remedy': 'reset'},
            'job_unevaluable': {},
            'outbox_unpublished': {},
            'queue_backlog': from_redis,
            'queue_depth': from_redis,
            'queue_retry_overdue': from_redis,
            'queue_dead_letter': dict(from_redis, remedy='requeue'),
            'queue_orphan': from_redis,
            'queue_duplicate': from_redis,
            'queue_unserved': from_redis,
            'execution_missing': {},
            'execution_running': {'remedy': 'fail'},
            'execution_pending': {'remedy': 'fail'},
            'execution_unevaluable': {},
            'failure_burst': {},
            'worker_lost': dict(from_redis, remedy='reset'),
            'job_interrupted': {'remedy': 'reset'},
            'job_recovered_repeatedly': {},
            'job_not_closed': {'remedy': 'close'},
            'job_closed_early': {},
            'provider_timeout': {},
            'provider_retries_exhausted': {},
            'pipeline_stalled': {},
        },
    }) }}
{% endmacro %}
