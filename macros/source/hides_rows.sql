{% macro hides_rows(source) -%}
    exists (
        select 1
        from pg_catalog.pg_class as watched
        inner join pg_catalog.pg_class as reading on reading.oid = to_regclass({{ stuck_jobs.text_literal(this.include(database=false)) }})
        inner join pg_catalog.pg_roles as reader on reading.relowner = reader.oid
        where
            watched.oid = {{ stuck_jobs.text_literal(source.include(database=false)) }}::regclass
            and watched.relrowsecurity
            and not reader.rolsuper
            and not reader.rolbypassrls
            and (watched.relforcerowsecurity or not pg_has_role(reader.oid, watched.relowner, 'usage'))
    )
{%- endmacro %}
