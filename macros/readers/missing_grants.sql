{% macro missing_grants() -%}
    {%- set operators = stuck_jobs.operator_grants() -%}
    {%- set rights = [] -%}
    {%- for node in graph.nodes.values() if node.package_name == 'stuck_jobs' and node.resource_type == 'model' -%}
        {%- for name in [node.alias, node.name] | unique -%}
            {%- set relation = "'" ~ node.schema ~ "', '" ~ name ~ "', 'select', null::text[]" -%}
            {%- if node.access == 'public' -%} {%- do rights.append("(true, " ~ relation ~ ")") -%} {%- endif -%}
            {%- if node.access == 'public' or name in operators.views -%}
                {%- do rights.append("(false, " ~ relation ~ ")") -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for privilege, columns in operators.log.items() -%}
        {%- do rights.append(
            "(false, '" ~ stuck_jobs.raw_schema() ~ "', 'recovery_log', '" ~ privilege ~ "', '{" ~ columns | join(',') ~ "}')"
        ) -%}
    {%- endfor -%}
    with rights (is_for_readers, schema_name, relation_name, privilege, columns) as (
        values {{ rights | join(', ') }}
    ),

    roles as (
        select true as is_reader, rolname from pg_catalog.pg_roles
        where rolname in {{ stuck_jobs.role_names('reader_roles') }}
        union all
        select false as is_reader, rolname from pg_catalog.pg_roles
        where rolname in {{ stuck_jobs.role_names('operator_roles') }}
    ),

    wanted as (
        select
            pg_class.oid,
            pg_class.relnamespace,
            rights.privilege,
            rights.columns,
            roles.rolname
        from rights
        inner join roles on rights.is_for_readers = roles.is_reader
        inner join pg_catalog.pg_namespace on rights.schema_name = pg_namespace.nspname
        inner join pg_catalog.pg_class
            on pg_namespace.oid = pg_class.relnamespace and rights.relation_name = pg_class.relname
    )

    select distinct format('grant usage on schema %s to %I', wanted.relnamespace::regnamespace, wanted.rolname)
    from wanted
    where not has_schema_privilege(wanted.rolname, wanted.relnamespace, 'usage')
    union all
    select distinct format(
        'grant %s%s on %s to %I',
        wanted.privilege, ' (' || array_to_string(wanted.columns, ', ') || ')', wanted.oid::regclass, wanted.rolname
    )
    from wanted
    where
        case
            when wanted.columns is null then not has_table_privilege(wanted.rolname, wanted.oid, wanted.privilege)
            else exists (
                select from unnest(wanted.columns) as missing (name)
                where not has_column_privilege(wanted.rolname, wanted.oid, missing.name, wanted.privilege)
            )
        end
{%- endmacro %}
