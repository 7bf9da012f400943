{% macro system_of_graphile_worker() %}
    {{ return({
        'title': 'graphile-worker',
        'versions': '0.16.6 to 0.18',
        'schema': 'graphile_worker',
        'memberships': ['pg_read_all_stats'],
        'listening': 'LISTEN "jobs:insert"%',
        'tables': {
            'jobs': {
                'name': '_private_jobs',
                'required': [
                    'id', 'job_queue_id', 'task_id', 'priority', 'run_at', 'attempts', 'max_attempts', 'last_error', 'created_at',
                    'updated_at', 'key', 'locked_at', 'locked_by', 'revision', 'is_available',
                ],
                'optional': [],
                'recovered': {
                    'select': [
                        'id', 'job_queue_id', 'run_at', 'attempts', 'max_attempts', 'created_at', 'updated_at', 'key', 'locked_at',
                        'locked_by',
                    ],
                    'update': ['run_at', 'attempts', 'locked_at', 'locked_by'],
                },
            },
            'job_queues': {
                'name': '_private_job_queues',
                'required': ['id', 'queue_name', 'locked_at', 'locked_by'],
                'optional': [],
                'recovered': {'select': ['id', 'locked_at', 'locked_by'], 'update': ['locked_at', 'locked_by']},
            },
            'tasks': {'name': '_private_tasks', 'required': ['id', 'identifier'], 'optional': []},
            'known_crontabs': {
                'name': '_private_known_crontabs',
                'required': ['identifier', 'known_since', 'last_execution'],
                'optional': [],
            },
        },
        'relations': [
            'stg_jobs', 'stg_holders', 'stg_waits', 'stg_given_up', 'stg_schedules', 'stg_unproven_points', 'stg_job_contents',
            'stg_watched_tables',
        ],
        'remedies': {
            'retry': {
                'statement': "
                    with stale as (
                        select id, job_queue_id, locked_by from _private_jobs
                        where
                            id = %(id)s::bigint
                            and locked_at < now() - interval '4 hours 15 minutes'
                            and not (attempts >= max_attempts and key is null and updated_at > created_at)
                    ),

                    freed_queue as (
                        update _private_job_queues as job_queues
                        set locked_at = null, locked_by = null
                        from stale
                        where
                            job_queues.id = stale.job_queue_id
                            and job_queues.locked_by = stale.locked_by
                            and job_queues.locked_at < now() - interval '4 hours'
                    )

                    update _private_jobs as jobs
                    set
                        locked_at = null,
                        locked_by = null,
                        run_at = greatest(jobs.run_at, now()),
                        attempts = least(jobs.attempts, jobs.max_attempts - 1)
                    from stale
                    where jobs.id = stale.id
                    returning jobs.id
                ",
                'by_hand': 'a worker that drains cannot be told from one that is dead',
                'command_if_dead':
                    "select {schema}.force_unlock_workers(array(select locked_by from {schema}.jobs where id = {job_id}))",
            },
            'requeue': {
                'command': "select id from {schema}.reschedule_jobs(array[{job_id}], run_at := now(), attempts := 0)",
                'by_hand': 'whether to do again what was given up is for somebody to decide',
            },
        },
        'points': {
            'job_queued': {},
            'job_running': {},
            'job_unevaluable': {},
            'queue_depth': {},
            'queue_dead_letter': {'remedy': 'requeue'},
            'job_blocked': {},
            'schedule_missed': {},
            'worker_lost': {'max_age_minutes': 5, 'remedy': 'retry'},
            'job_interrupted': {'remedy': 'requeue'},
            'job_recovered_repeatedly': {},
        },
    }) }}
{% endmacro %}
