{% macro tables_beneath(view) -%}
    with recursive relations as (
        select {{ stuck_jobs.text_literal(view.include(database=false)) }}::regclass::oid as relation_id
        union
        select pg_depend.refobjid
        from relations
        inner join pg_catalog.pg_rewrite on pg_rewrite.ev_class = relations.relation_id
        inner join pg_catalog.pg_depend
            on
                pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
                and pg_depend.objid = pg_rewrite.oid
                and pg_depend.refclassid = 'pg_catalog.pg_class'::regclass
    )

    select
        pg_stat_get_live_tuples(pg_class.oid) > 0 or pg_class.reltuples > 0 as has_rows,
        pg_class.relkind = 'm' as is_copy
    from relations
    inner join pg_catalog.pg_class on relations.relation_id = pg_class.oid
    where pg_class.relkind in ('r', 'p', 'm')
{%- endmacro %}
