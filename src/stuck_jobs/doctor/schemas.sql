-- Our own schemas: whether they are there, whether the role may build in them, and who else has built there.
select
    wanted.name::text as schema_name,
    namespaces.oid is not null as is_there,
    case
        when namespaces.oid is null then has_database_privilege(current_database(), 'create')
        else has_schema_privilege(namespaces.oid, 'create') and has_schema_privilege(namespaces.oid, 'usage')
    end as may_build,
    (
        select min(pg_get_userbyid(classes.relowner)::text)
        from pg_catalog.pg_class as classes
        where
            classes.relnamespace = namespaces.oid
            and classes.relname in ('accumulation_points', 'queue_snapshots')
            and not pg_has_role(classes.relowner, 'usage')
    ) as other_owner
from unnest(%(names)s::text[]) with ordinality as wanted (name, place)
left join pg_catalog.pg_namespace as namespaces on wanted.name = namespaces.nspname
order by wanted.place
