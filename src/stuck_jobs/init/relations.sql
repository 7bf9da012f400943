-- Every relation with one of the names that are looked for, wherever it is, and what of it our role may read. The catalogue
-- shows names and columns also where the role may read nothing.
select
    namespaces.nspname as schema,
    classes.relname as name,
    array_agg(columns.attname::text order by columns.attnum) as columns,
    coalesce(
        array_agg(columns.attname::text) filter (
            where has_column_privilege(classes.oid, columns.attnum, 'select')
        ),
        '{}'
    ) as readable,
    classes.relkind in ('r', 'p') as is_table,
    has_schema_privilege(namespaces.oid, 'usage') as is_reachable,
    row_security_active(classes.oid)
    and (
        select bool_or(polpermissive and pg_get_expr(polqual, polrelid) = 'true') and bool_and(polpermissive)
        from pg_catalog.pg_policy
        where
            polrelid = classes.oid
            and polcmd in ('r', '*')
            and exists (
                select from unnest(polroles) as granted (role_id)
                where role_id = 0 or pg_has_role(role_id, 'usage')
            )
    ) is not true as hides_rows
from pg_catalog.pg_class as classes
inner join pg_catalog.pg_namespace as namespaces on classes.relnamespace = namespaces.oid
inner join pg_catalog.pg_attribute as columns on classes.oid = columns.attrelid
where
    classes.relname = any(%(names)s)
    and classes.relkind in ('r', 'p', 'v', 'm', 'f')
    and (columns.attnum > 0 or columns.attname = 'xmin')
    and not columns.attisdropped
    and not pg_is_other_temp_schema(namespaces.oid)
    and namespaces.nspname not in ('information_schema', 'pg_catalog')
group by namespaces.oid, namespaces.nspname, classes.oid, classes.relname, classes.relkind
