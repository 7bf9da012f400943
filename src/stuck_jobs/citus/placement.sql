-- Where the watched tables are: in shards by a column, or whole in a group of tables that are on one node.
select
    format('%%s.%%s', pg_namespace.nspname, pg_class.relname) as table_name,
    case when partmethod <> 'n' then column_to_column_name(logicalrelid, partkey) end as shard_column,
    case
        when partmethod = 'n' and repmodel = 's' and colocationid <> 0 then concat('group ', colocationid)
    end as place
from unnest(%(names)s::text[]) as watched (name)
inner join pg_catalog.pg_class on watched.name = pg_class.relname
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid and pg_namespace.nspname = %(schema)s
inner join pg_catalog.pg_dist_partition on pg_class.oid = logicalrelid
order by pg_class.relname
