-- The labels of the enumerations that the systems know, by schema.
select
    namespaces.nspname as schema,
    types.typname as name,
    array_agg(labels.enumlabel::text) as labels
from pg_catalog.pg_enum as labels
inner join pg_catalog.pg_type as types on labels.enumtypid = types.oid
inner join pg_catalog.pg_namespace as namespaces on types.typnamespace = namespaces.oid
where types.typname = any(%(names)s)
group by namespaces.nspname, types.typname
