{% macro system_of_airflow() %}
    {% set clear = "airflow tasks clear {1} --task-regex '^{3}$' with the logical date of run {2} as --start-date and"
        ~ ' --end-date; a run that has none by clearTaskInstances of the API, or its page' %}
    {{ return({
        'title': 'Apache Airflow',
        'versions': '3.3',
        'schema': 'public',
        'memberships': ['pg_read_all_stats'],
        'scheduling_locks': ['pools', 'jobs', 'executions'],
        'tables': {
            'jobs': {
                'name': 'dag_run',
                'required': [
                    'id', 'dag_id', 'run_id', 'run_type', 'state', 'logical_date', 'run_after', 'created_at', 'queued_at',
                    'start_date', 'end_date', 'last_scheduling_decision', 'updated_at', 'backfill_id', 'clear_number',
                ],
                'optional': [],
            },
            'executions': {
                'name': 'task_instance',
                'key_type': 'text',
                'required': [
                    'id', 'dag_id', 'run_id', 'task_id', 'map_index', 'state', 'try_number', 'max_tries', 'scheduled_dttm',
                    'queued_dttm', 'start_date', 'end_date', 'duration', 'last_heartbeat_at', 'updated_at', 'hostname', 'pid',
                    'queued_by_job_id', 'pool', 'pool_slots', 'trigger_id', 'trigger_timeout', 'dag_version_id',
                    'retry_delay_override',
                ],
                'optional': [],
            },
            'tries': {
                'name': 'task_instance_history',
                'required': ['dag_id', 'run_id', 'task_id', 'map_index', 'try_number', 'state', 'end_date'],
                'optional': [],
            },
            'dags': {
                'name': 'dag',
                'required': [
                    'dag_id', 'is_paused', 'is_stale', 'has_import_errors', 'exceeds_max_non_backfill', 'timetable_type',
                    'max_active_tasks', 'max_active_runs', 'next_dagrun_create_after',
                ],
                'optional': [],
            },
            'definitions': {
                'name': 'serialized_dag',
                'required': ['dag_id', 'dag_version_id', 'created_at', 'last_updated', 'data'],
                'optional': [],
            },
            'backfills': {
                'name': 'backfill',
                'required': ['id', 'is_paused', 'max_active_runs'],
                'optional': [],
            },
            'processes': {
                'name': 'job',
                'required': ['id', 'job_type', 'state', 'latest_heartbeat', 'end_date', 'hostname'],
                'optional': [],
            },
            'triggers': {
                'name': 'trigger',
                'required': ['id', 'triggerer_id', 'created_date'],
                'optional': [],
            },
            'pools': {
                'name': 'slot_pool',
                'required': ['pool', 'slots', 'include_deferred'],
                'optional': [],
            },
            'reschedules': {
                'name': 'task_reschedule',
                'required': ['id', 'ti_id', 'reschedule_date'],
                'optional': [],
            },
            'lengths': {
                'name': 'task_map',
                'required': ['dag_id', 'run_id', 'task_id', 'map_index', 'length'],
                'optional': [],
            },
            'events': {
                'name': 'log',
                'required': ['dttm', 'event', 'dag_id'],
                'optional': [],
            },
        },
        'relations': [
            'stg_jobs', 'stg_executions', 'stg_execution_signs', 'stg_execution_gaps', 'stg_hindrances',
            'stg_given_up', 'stg_attempts', 'stg_schedules', 'stg_conductors', 'stg_activity', 'stg_unproven_points',
            'stg_watched_tables',
        ],
        'remedies': {
            'republish': {
                'command': 'a scheduler that lives, which takes it at once, started by airflow scheduler, or a triggerer for'
                    ~ ' what is deferred, by airflow triggerer; if both live, by ' ~ clear,
            },
            'retry': {
                'command': 'a scheduler that lives, started by airflow scheduler: it fails it, or has it tried again, once its'
                    ~ ' heartbeat is 300 s old; else by ' ~ clear ~ '; its process may go on beside the next one',
            },
            'requeue': {
                'command': 'airflow tasks clear {1} --only-failed with the logical date of run {2} as --start-date and --end-date;'
                    ~ ' a run that has none by clearing it in the API, or on its page',
            },
        },
        'points': {
            'job_created': {'remedy': 'republish'},
            'job_queued': {'remedy': 'republish'},
            'job_unevaluable': {},
            'queue_dead_letter': {'remedy': 'requeue'},
            'execution_pending': {'max_age_minutes': 5, 'remedy': 'republish'},
            'execution_running': {'max_age_minutes': 60},
            'execution_unevaluable': {},
            'execution_missing': {},
            'failure_burst': {},
            'schedule_missed': {},
            'worker_lost': {'max_age_minutes': 5, 'remedy': 'retry'},
            'conductor_dead': {},
            'pipeline_stalled': {},
        },
    }) }}
{% endmacro %}
