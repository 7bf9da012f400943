{% macro point_to_latest(versioned_relation) %}
    {% set pointer = versioned_relation.incorporate(path={'identifier': model.name}) %}
    {% set found = stuck_jobs.query_in_transaction(
        "with columns as (
            select
                attrelid,
                string_agg(quote_ident(attname), ', ' order by attnum) as names,
                (" ~ stuck_jobs.comments_on('attrelid') ~ ") as comments
            from pg_catalog.pg_attribute
            where attnum > 0 and attrelid in (to_regclass('" ~ versioned_relation ~ "'), to_regclass('" ~ pointer ~ "'))
            group by attrelid
        )

        select
            latest.names as columns,
            coalesce(not starts_with(latest.names || ',', shown.names || ','), false) as is_in_the_way,
            coalesce(latest.names = shown.names, false) and exists (
                select from pg_catalog.pg_depend
                inner join pg_catalog.pg_rewrite on pg_rewrite.oid = pg_depend.objid
                where pg_depend.refobjid = latest.attrelid and pg_rewrite.ev_class = shown.attrelid
            ) as shows_latest,
            latest.comments is not distinct from shown.comments as is_described
        from columns as latest
        left join columns as shown on shown.attrelid = to_regclass('" ~ pointer ~ "')
        where latest.attrelid = to_regclass('" ~ versioned_relation ~ "')"
    ).rows[0] %}
    {% if not found.shows_latest %}
        {% if found.is_in_the_way %}
            {% do run_query('drop view ' ~ pointer) %}
        {% endif %}
        {% do run_query(
            'create or replace view ' ~ pointer ~ ' as select ' ~ found.columns ~ ' from ' ~ versioned_relation
        ) %}
        {% do apply_grants(pointer, config.get('grants'), should_revoke=false) %}
    {% endif %}
    {% if found.is_in_the_way or not found.is_described %}
        {% do stuck_jobs.describe_relation(pointer) %}
    {% endif %}
    {% do adapter.commit() %}
{% endmacro %}
