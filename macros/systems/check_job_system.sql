{% macro check_job_system() %}
    {% set system = stuck_jobs.job_system() %}
    {% set schema = stuck_jobs.source_schema() %}
    {% if execute %}
        {% set found = run_query(
            "select pg_class.relname as table_name, array_agg(pg_attribute.attname::text) as columns
            from pg_catalog.pg_class
            inner join pg_catalog.pg_namespace on pg_namespace.oid = pg_class.relnamespace
            inner join pg_catalog.pg_attribute on pg_attribute.attrelid = pg_class.oid
            where pg_namespace.nspname = " ~ stuck_jobs.text_literal(schema) ~ "
                and pg_class.relkind in ('r', 'p', 'v', 'm', 'f') and attnum > 0 and not attisdropped
            group by pg_class.relname"
        ).rows %}
        {% set columns_of = {} %}
        {% for row in found %}
            {% do columns_of.update({row.table_name: row.columns}) %}
        {% endfor %}
        {% set names = system.tables.values() | map(attribute='name') | list %}
        {% set is_any_enough = not (system.tables.values() | rejectattr('is_optional', 'defined') | list) %}
        {% if is_any_enough and not names | select('in', columns_of) | list %}
            {% do exceptions.raise_compiler_error(
                "vars: job_system is " ~ var('job_system') ~ ", and there is none of the tables " ~ names | join(', ') ~ " in the schema "
                ~ schema ~ " of the database " ~ target.database ~ "; vars: source_schema says where they are, and the known systems"
                ~ " are " ~ stuck_jobs.system_names() | join(', ')
            ) %}
        {% endif %}
        {% for table in system.tables.values() if not table.get('is_optional') or (is_any_enough and table.name in columns_of) %}
            {% if table.name not in columns_of %}
                {% do exceptions.raise_compiler_error(
                    "vars: job_system is " ~ var('job_system') ~ ", and there is no table " ~ schema ~ "." ~ table.name
                    ~ " in the database " ~ target.database ~ "; vars: source_schema says where it is, and the known systems are "
                    ~ stuck_jobs.system_names() | join(', ')
                ) %}
            {% endif %}
            {% set missing = table.required | reject('in', columns_of[table.name]) | list %}
            {% if missing %}
                {% do exceptions.raise_compiler_error(
                    "the watched table " ~ schema ~ "." ~ table.name ~ " has no column '" ~ missing | join("', '")
                    ~ "': it is of another version of " ~ system.title ~ " than those that are known"
                    ~ (" (" ~ system.versions ~ ")" if system.versions else "")
                ) %}
            {% endif %}
        {% endfor %}
        {% do stuck_jobs.check_labels(system, schema) %}
        {% do stuck_jobs.check_rows(schema, system.tables.values() | map(attribute='name') | select('in', columns_of) | list) %}
    {% endif %}
{% endmacro %}
