{% macro unreadable_columns(relation) %}
    {% set table = stuck_jobs.text_literal(relation.include(database=false)) %}
    {{ return(run_query(
        "select attname::text from pg_catalog.pg_attribute
        where attrelid = to_regclass(" ~ table ~ ")
            and not attisdropped
            and (attnum > 0 or attname = 'xmin')
            and not has_column_privilege(attrelid, attnum, 'select')"
    ).columns[0].values()) }}
{% endmacro %}
