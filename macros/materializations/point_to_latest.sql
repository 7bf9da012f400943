{% macro point_to_latest(versioned_relation) %}
    {% set pointer = versioned_relation.incorporate(path={'identifier': model.name}) %}
    {% set columns = adapter.get_columns_in_relation(versioned_relation) | map(attribute='name') | list %}
    {% set found = run_query(
        "select exists (
            select from pg_catalog.pg_depend
            inner join pg_catalog.pg_rewrite on pg_rewrite.oid = pg_depend.objid
            where pg_depend.refobjid = to_regclass('" ~ versioned_relation ~ "')
                and pg_rewrite.ev_class = to_regclass('" ~ pointer ~ "')
        ) as reads_latest"
    ) %}
    {% set current = adapter.get_columns_in_relation(pointer) | map(attribute='name') | list %}
    {% if not (found.rows[0]['reads_latest'] and current == columns) %}
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
