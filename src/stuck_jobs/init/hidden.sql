-- Of some tables, those of which row level security hides rows from a role, which may not be there yet, when it does
-- what some commands do.
select classes.relname
from pg_catalog.pg_class as classes
inner join pg_catalog.pg_namespace as namespaces on classes.relnamespace = namespaces.oid
left join pg_catalog.pg_roles as reader on reader.rolname = %(role)s
where
    namespaces.nspname = %(schema)s
    and classes.relname = any(%(names)s)
    and classes.relrowsecurity
    and (
        reader.rolsuper
        or reader.rolbypassrls
        or (not classes.relforcerowsecurity and pg_has_role(reader.oid, classes.relowner, 'usage'))
    ) is not true
    and exists (
        select from unnest(%(commands)s::text[]) as wanted (command)
        where (
            select
                bool_or(polpermissive and coalesce(pg_get_expr(polqual, polrelid), 'true') = 'true')
                and bool_and(polpermissive)
            from pg_catalog.pg_policy
            where
                polrelid = classes.oid
                and polcmd::text in (wanted.command, '*')
                and exists (
                    select from unnest(polroles) as granted (role_id)
                    where role_id = 0 or pg_has_role(reader.oid, role_id, 'usage')
                )
        ) is not true
    )
order by classes.relname
