{% macro files_beneath(name) -%}
    (
        with recursive relations as (
            select
                {{ name }}::regclass::oid as relation_id,
                {{ name }}::regclass::oid as table_id
            union
            select
                next.relation_id,
                next.table_id
            from relations
            cross join lateral (
                select
                    inhrelid as relation_id,
                    relations.table_id
                from pg_catalog.pg_inherits
                where inhparent = relations.relation_id
                union all
                select
                    pg_depend.refobjid as relation_id,
                    pg_depend.refobjid as table_id
                from pg_catalog.pg_rewrite
                inner join pg_catalog.pg_depend
                    on
                        pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
                        and pg_depend.objid = pg_rewrite.oid
                        and pg_depend.refclassid = 'pg_catalog.pg_class'::regclass
                where pg_rewrite.ev_class = relations.relation_id
            ) as next
        ),

        oldest_files as (
            select
                table_id,
                min(pg_relation_filenode(relation_id)) as file_id
            from relations
            group by table_id
        )

        select string_agg(file_id::text, ' ' order by table_id)
        from oldest_files
    )
{%- endmacro %}
