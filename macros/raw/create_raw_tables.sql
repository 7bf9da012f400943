{% macro create_raw_tables() %}
    {% if execute and (var('redis_enabled') or var('operator_roles')) and flags.WHICH in ('build', 'run') %}
        {% set schema = stuck_jobs.raw_schema() %}
        {% set state = run_query(
            "select
                exists (
                    select from pg_catalog.pg_trigger
                    inner join pg_catalog.pg_class on pg_trigger.tgrelid = pg_class.oid
                    where tgname = 'sign_recovery' and relnamespace = pg_namespace.oid
                ) as exist,
                case
                    when pg_namespace.oid is null then has_database_privilege(current_database(), 'create')
                    else has_schema_privilege(pg_namespace.oid, 'create')
                end as may_be_created
            from (values ('" ~ schema ~ "')) as raw (name)
            left join pg_catalog.pg_namespace on pg_namespace.nspname = raw.name"
        ).rows[0] %}
        {% set exist = stuck_jobs.is_on_all_nodes(schema ~ '.recovery_log') if stuck_jobs.is_distributed() else state.exist %}
        {% if state.may_be_created and not exist %}
            {{ return(stuck_jobs.raw_tables_ddl(schema) ~ '\n' ~ stuck_jobs.put_raw_tables_on_all_nodes(schema)) }}
        {% endif %}
    {% endif %}
{% endmacro %}
