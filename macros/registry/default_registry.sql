{% macro default_registry() %}
    {% set common = {
        'max_count': 0, 'severity': 'error', 'enabled': true, 'remedy': 'none', 'auto': false,
        'evidence': 'database'
    } %}
    {% set points = {
        'job_created': {'level': 'database', 'max_age_minutes': 5},
        'job_queued': {'level': 'database', 'max_age_minutes': 5},
        'job_processing': {'level': 'database', 'max_age_minutes': 10},
        'job_running': {'level': 'database', 'max_age_minutes': 30},
        'job_running_unstarted': {'level': 'database', 'max_age_minutes': 0},
        'job_unevaluable': {'level': 'database', 'max_age_minutes': 30},
        'job_expiring': {'level': 'database', 'max_age_minutes': 1440},
        'outbox_unpublished': {'level': 'database', 'max_age_minutes': 5},
        'queue_backlog': {'level': 'queue', 'max_age_minutes': 5},
        'queue_depth': {'level': 'queue', 'max_depth': 1000},
        'queue_retry_overdue': {'level': 'queue', 'max_age_minutes': 5},
        'queue_dead_letter': {'level': 'queue'},
        'queue_orphan': {'level': 'queue', 'severity': 'warn'},
        'queue_duplicate': {'level': 'queue', 'severity': 'warn'},
        'job_blocked': {'level': 'queue', 'max_age_minutes': 5},
        'execution_missing': {'level': 'execution', 'max_age_minutes': 1},
        'execution_running': {'level': 'execution', 'max_age_minutes': 15},
        'execution_pending': {'level': 'execution', 'max_age_minutes': 15},
        'execution_unevaluable': {'level': 'execution', 'max_age_minutes': 15},
        'failure_burst': {'level': 'execution', 'min_failures': 10, 'max_rate': 0.5},
        'schedule_missed': {'level': 'execution', 'max_age_minutes': 5},
        'worker_lost': {'level': 'worker'},
        'queue_unserved': {'level': 'worker', 'max_age_minutes': 5},
        'conductor_dead': {'level': 'worker', 'max_age_minutes': 2},
        'job_interrupted': {'level': 'worker', 'max_age_minutes': 15},
        'job_recovered_repeatedly': {'level': 'worker', 'severity': 'warn', 'min_recoveries': 2},
        'job_not_closed': {'level': 'portal', 'max_age_minutes': 2},
        'job_closed_early': {'level': 'portal', 'max_age_minutes': 2},
        'provider_timeout': {'level': 'network', 'min_executions': 5, 'max_rate': 0.2},
        'provider_retries_exhausted': {'level': 'network'},
        'pipeline_stalled': {'level': 'network', 'max_age_minutes': 10},
    } %}
    {% set registry = {} %}
    {% for point, fields in points.items() %}
        {% do registry.update({point: dict(common, **fields)}) %}
    {% endfor %}
    {{ return(registry) }}
{% endmacro %}
