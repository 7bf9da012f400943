{% macro check_settings() %}
    {% do stuck_jobs.check_configs() %}
    {% for name in [
        'snapshot_max_age_minutes', 'check_max_age_minutes', 'history_retention_days', 'analytics_days',
        'provider_window_minutes', 'provider_window_executions', 'provider_timeout_seconds', 'portal_recent_minutes', 'given_up_window_minutes',
        'completeness_batch_jobs', 'completeness_overlap_minutes', 'completeness_overlap_jobs', 'judged_live_jobs',
        'recovery_max_items', 'recovery_max_attempts', 'recovery_backoff_minutes', 'recovery_window_minutes',
        'recovery_breaker_items', 'recovery_breaker_share', 'recovery_breaker_min_jobs',
    ] %}
        {% set value = var(name) %}
        {% if value is boolean or value is not number or not (0 <= value <= 1e9) %}
            {% do exceptions.raise_compiler_error(
                "vars: " ~ name ~ " must be a number from 0 to 1e9, got '" ~ value ~ "'"
            ) %}
        {% endif %}
    {% endfor %}
    {% if var('recovery_breaker_share') > 1 %}
        {% do exceptions.raise_compiler_error(
            "vars: recovery_breaker_share must be a share from 0 to 1, such as 0.5 for half of the live jobs, got '"
            ~ var('recovery_breaker_share') ~ "'"
        ) %}
    {% endif %}
    {% for name in ['completeness_batch_jobs', 'completeness_overlap_jobs', 'provider_window_executions', 'judged_live_jobs'] %}
        {% if var(name) < 1 or var(name) != var(name) | int %}
            {% do exceptions.raise_compiler_error(
                "vars: " ~ name ~ " must be a whole number from 1 on, got '" ~ var(name) ~ "'"
            ) %}
        {% endif %}
    {% endfor %}
    {% if var('completeness_since') is not none and not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}', var('completeness_since') | string) %}
        {% do exceptions.raise_compiler_error(
            "vars: completeness_since must be a date such as '2026-01-01', got '" ~ var('completeness_since') ~ "'"
        ) %}
    {% endif %}
    {% if var('redis_enabled') is not boolean %}
        {% do exceptions.raise_compiler_error(
            "vars: redis_enabled must be true or false, got '" ~ var('redis_enabled') ~ "'"
        ) %}
    {% endif %}
    {% if (var('region_aliases') or {}) is not mapping %}
        {% do exceptions.raise_compiler_error(
            "vars: region_aliases must map aliases to regions, got '" ~ var('region_aliases') ~ "'"
        ) %}
    {% endif %}
    {% for name in ['source_schema', 'jobs_table', 'executions_table', 'outbox_table'] %}
        {% set given = stuck_jobs.source_schema() if name == 'source_schema' else var(name) %}
        {% if given is not string or not given or "'" in given %}
            {% do exceptions.raise_compiler_error(
                "vars: " ~ name ~ " must be a name without an apostrophe, which dbt cannot look up, got \"" ~ given ~ "\""
            ) %}
        {% endif %}
    {% endfor %}
    {% do stuck_jobs.assert_protected() %}
    {% do stuck_jobs.check_readers() %}
    {% do stuck_jobs.check_job_system() %}
    {% do stuck_jobs.check_distribution() %}
    {% do stuck_jobs.check_keys() %}
    {% do stuck_jobs.check_schedules() %}
    {% if execute %}
        {% set server = run_query(
            "select
                now() at time zone " ~ stuck_jobs.source_zone() ~ " as source_time,
                current_setting('transaction_read_only') as read_only"
        ).rows[0] %}
        {% if server.read_only == 'on' and flags.WHICH in ('build', 'run') %}
            {% do exceptions.raise_compiler_error(
                "the database is read-only, a standby perhaps: dbt " ~ flags.WHICH ~ " needs one that can be written"
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}
