{% macro default_registry() %}
    {% set common = {
        'max_count': 0, 'severity': 'error', 'enabled': true, 'remedy': 'none', 'auto': false,
        'evidence': 'database'
    } %}
    {% set from_redis = {'evidence': 'snapshot', 'enabled': var('redis_enabled')} %}
    {% set points = {
        'job_created': {'level': 'database', 'max_age_minutes': 5, 'remedy': 'republish'},
        'job_queued': {'level': 'database', 'max_age_minutes': 5, 'remedy': 'republish'},
        'job_processing': {'level': 'database', 'max_age_minutes': 10, 'remedy': 'reset'},
        'job_running': {'level': 'database', 'max_age_minutes': 30, 'remedy': 'timeout'},
        'job_running_unstarted': {'level': 'database', 'max_age_minutes': 0, 'remedy': 'reset'},
        'job_unevaluable': {'level': 'database', 'max_age_minutes': 30},
        'outbox_unpublished': {'level': 'database', 'max_age_minutes': 5},
        'queue_backlog': dict(from_redis, level='queue', max_age_minutes=5),
        'queue_depth': dict(from_redis, level='queue', max_depth=1000),
        'queue_retry_overdue': dict(from_redis, level='queue', max_age_minutes=5),
        'queue_dead_letter': dict(from_redis, level='queue', remedy='requeue'),
        'queue_orphan': dict(from_redis, level='queue', severity='warn'),
        'queue_duplicate': dict(from_redis, level='queue', severity='warn'),
        'execution_missing': {'level': 'execution', 'max_age_minutes': 1},
        'execution_running': {'level': 'execution', 'max_age_minutes': 15, 'remedy': 'fail'},
        'execution_pending': {'level': 'execution', 'max_age_minutes': 15, 'remedy': 'fail'},
        'worker_lost': dict(from_redis, level='worker', remedy='reset'),
        'job_interrupted': {'level': 'worker', 'max_age_minutes': 15, 'remedy': 'reset'},
        'job_recovered_repeatedly': {'level': 'worker', 'severity': 'warn', 'min_recoveries': 2},
        'job_not_closed': {'level': 'portal', 'max_age_minutes': 2, 'remedy': 'close'},
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
