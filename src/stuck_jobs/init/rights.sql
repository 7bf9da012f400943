-- Of the rights that a role needs, those that it lacks: the place of each, and the columns that it is for, if it is for single
-- ones. What is not there at all is not missed.
with wanted as (
    select
        row_number() over () as place,
        rights.*
    from jsonb_to_recordset(%(rights)s) as rights (
        privilege text, kind text, schema_name text, relation_name text, column_names text[]
    )
),

found as (
    select
        wanted.place,
        wanted.kind,
        wanted.privilege,
        namespaces.oid as namespace,
        classes.oid as relation,
        wanted.column_names
    from wanted
    inner join pg_catalog.pg_namespace as namespaces on wanted.schema_name = namespaces.nspname
    left join pg_catalog.pg_class as classes
        on namespaces.oid = classes.relnamespace and wanted.relation_name = classes.relname
    where wanted.kind = 'schema' or classes.oid is not null
)

select
    place::integer - 1 as place,
    array(
        select names.name
        from unnest(column_names) with ordinality as names (name, position)
        where not has_column_privilege(%(role)s::name, relation, names.name, privilege)
        order by names.position
    ) as columns
from found
where
    case kind
        when 'schema' then not has_schema_privilege(%(role)s::name, namespace, privilege)
        when 'sequence' then not has_sequence_privilege(%(role)s::name, relation, privilege)
        else exists (
            select from unnest(column_names) as names (name)
            where not has_column_privilege(%(role)s::name, relation, names.name, privilege)
        )
    end
order by place
