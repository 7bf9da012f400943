{% macro missing_grants() -%}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() if node.package_name == 'stuck_jobs' and node.access == 'public' -%}
        {%- for name in [node.alias, node.name] | unique -%}
            {%- do names.append("('" ~ node.schema ~ "', '" ~ name ~ "')") -%}
        {%- endfor -%}
    {%- endfor -%}
    with readers as (
        select rolname from pg_catalog.pg_roles where rolname in {{ stuck_jobs.reader_names() }}
    ),

    relations as (
        select
            pg_class.oid,
            pg_class.relnamespace
        from pg_catalog.pg_class
        inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where (pg_namespace.nspname, pg_class.relname) in ({{ names | join(', ') }})
    )

    select distinct format('grant usage on schema %s to %I', relations.relnamespace::regnamespace, readers.rolname)
    from relations
    cross join readers
    where not has_schema_privilege(readers.rolname, relations.relnamespace, 'usage')
    union all
    select format('grant select on %s to %I', relations.oid::regclass, readers.rolname)
    from relations
    cross join readers
    where not has_table_privilege(readers.rolname, relations.oid, 'select')
{%- endmacro %}
