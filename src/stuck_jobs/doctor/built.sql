-- What dbt and the collector have left, and whether the role may read it: null if it is not there.
select
    wanted.name::text as name,
    has_schema_privilege(namespaces.oid, 'usage') and has_table_privilege(classes.oid, 'select') as is_readable
from unnest(%(schemas)s::text[], %(names)s::text[]) as wanted (schema_name, name)
left join pg_catalog.pg_namespace as namespaces on wanted.schema_name = namespaces.nspname
left join pg_catalog.pg_class as classes
    on namespaces.oid = classes.relnamespace and wanted.name = classes.relname
