{% macro create_kept_tables() %}
    {% if execute and flags.WHICH in ('build', 'run') and stuck_jobs.is_distributed() %}
        {{ return(stuck_jobs.kept_tables_ddl(stuck_jobs.own_schema())) }}
    {% endif %}
{% endmacro %}
