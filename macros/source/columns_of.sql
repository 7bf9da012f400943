{% macro columns_of(relation) %}
    {{ return(run_query(
        "select
            pg_attribute.attname::text as name,
            case
                when columns.character_maximum_length is not null
                    then format('character varying(%s)', columns.character_maximum_length)
                when columns.data_type = 'numeric' and columns.numeric_precision is not null
                    then format('numeric(%s,%s)', columns.numeric_precision, columns.numeric_scale)
                else columns.data_type::text
            end as type,
            has_column_privilege(pg_attribute.attrelid, pg_attribute.attnum, 'select') as is_readable
        from pg_catalog.pg_attribute
        left join information_schema.columns
            on columns.table_schema = " ~ stuck_jobs.text_literal(relation.schema) ~ "
                and columns.table_name = " ~ stuck_jobs.text_literal(relation.identifier) ~ "
                and columns.column_name = pg_attribute.attname
        where pg_attribute.attrelid = to_regclass(" ~ stuck_jobs.text_literal(relation.include(database=false)) ~ ")
            and not pg_attribute.attisdropped
            and (pg_attribute.attnum > 0 or pg_attribute.attname = 'xmin')
        order by pg_attribute.attnum"
    ).rows) }}
{% endmacro %}
