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
        {% if state.may_be_created and not state.exist %}
            {{ return(stuck_jobs.raw_tables_ddl(schema)) }}
        {% endif %}
    {% endif %}
{% endmacro %}
