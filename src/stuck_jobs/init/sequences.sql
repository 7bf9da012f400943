-- The sequences that a row which is inserted takes its values from; those of identity columns need no right.
select distinct
    namespaces.nspname as schema_name,
    sequences.relname as sequence_name
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_namespace as homes on tables.relnamespace = homes.oid
inner join pg_catalog.pg_attrdef as defaults on tables.oid = defaults.adrelid
inner join pg_catalog.pg_depend as uses
    on
        defaults.oid = uses.objid
        and uses.classid = 'pg_catalog.pg_attrdef'::regclass
        and uses.refclassid = 'pg_catalog.pg_class'::regclass
inner join pg_catalog.pg_class as sequences on uses.refobjid = sequences.oid and sequences.relkind = 'S'
inner join pg_catalog.pg_namespace as namespaces on sequences.relnamespace = namespaces.oid
where homes.nspname = %(schema)s and tables.relname = %(table)s
order by namespaces.nspname, sequences.relname
