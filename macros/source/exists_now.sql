{% macro exists_now(name) -%}
    exists (
        select 1
        from pg_catalog.pg_class as tables
        inner join pg_catalog.pg_namespace as schemas on tables.relnamespace = schemas.oid
        where
            schemas.nspname = {{ stuck_jobs.text_literal(stuck_jobs.source_schema()) }}
            and tables.relname = {{ stuck_jobs.text_literal(stuck_jobs.table_name(name)) }}
    )
{%- endmacro %}
