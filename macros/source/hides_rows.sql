{% macro hides_rows(table, reader=none) -%}
    {%- set built = stuck_jobs.text_literal(this.include(database=false)) if reader is none -%}
    exists (
        select 1
        from pg_catalog.pg_class as watched
        inner join pg_catalog.pg_roles as reader
            on reader.oid = {{ reader or '(select relowner from pg_catalog.pg_class where oid = to_regclass(' ~ built ~ '))' }}
        where
            watched.oid = {{ stuck_jobs.text_literal(table) }}::regclass
            and watched.relrowsecurity
            and not reader.rolsuper
            and not reader.rolbypassrls
            and (watched.relforcerowsecurity or not pg_has_role(reader.oid, watched.relowner, 'usage'))
            -- a policy that shows all rows, and none that takes some away again
            and (
                select
                    bool_or(polpermissive and pg_get_expr(polqual, polrelid) = 'true')
                    and bool_and(polpermissive)
                from pg_catalog.pg_policy
                where
                    polrelid = watched.oid
                    and polcmd in ('r', '*')
                    and exists (
                        select 1 from unnest(polroles) as granted (role_id)
                        where role_id = 0 or pg_has_role(reader.oid, role_id, 'usage')
                    )
            ) is not true
    )
{%- endmacro %}
