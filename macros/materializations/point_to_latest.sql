{% macro point_to_latest(versioned_relation) %}
    {% set pointer = versioned_relation.incorporate(path={'identifier': model.name}) %}
    {% set found = stuck_jobs.query_in_transaction(
        "with columns as (
            select
                attrelid,
                string_agg(attname, ',' order by attnum) as names
            from pg_catalog.pg_attribute
            where attnum > 0 and attrelid in (to_regclass('" ~ versioned_relation ~ "'), to_regclass('" ~ pointer ~ "'))
            group by attrelid
        )

        select exists (
            select from pg_catalog.pg_depend
            inner join pg_catalog.pg_rewrite on pg_rewrite.oid = pg_depend.objid
            inner join columns as latest on latest.attrelid = pg_depend.refobjid
            inner join columns as shown on shown.attrelid = pg_rewrite.ev_class and shown.names = latest.names
            where pg_depend.refobjid = to_regclass('" ~ versioned_relation ~ "')
                and pg_rewrite.ev_class = to_regclass('" ~ pointer ~ "')
        ) as shows_latest"
    ) %}
    {% if not found.rows[0]['shows_latest'] %}
        {% set columns = adapter.get_columns_in_relation(versioned_relation) | map(attribute='name') | list %}
        {% set current = adapter.get_columns_in_relation(pointer) | map(attribute='name') | list %}
        {% if current != columns[:current | length] %}
            {% do run_query('drop view ' ~ pointer) %}
        {% endif %}
        {% do run_query(
            'create or replace view ' ~ pointer ~ ' as select ' ~ columns | join(', ') ~ ' from ' ~ versioned_relation
        ) %}
        {% do apply_grants(pointer, config.get('grants'), should_revoke=false) %}
    {% endif %}
    {% do stuck_jobs.describe_relation(pointer) %}
    {% do adapter.commit() %}
{% endmacro %}
