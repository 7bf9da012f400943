{% macro view_digest() -%}
    md5(concat(
        pg_get_viewdef(pg_rewrite.ev_class),
        (
            select string_agg(concat_ws(' ', attrelid, attname), ',' order by attrelid, attnum)
            from pg_catalog.pg_attribute
            where attnum > 0 and not attisdropped and attrelid in (
                select pg_depend.refobjid from pg_catalog.pg_depend
                where pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
                    and pg_depend.objid = pg_rewrite.oid
                    and pg_depend.refclassid = 'pg_catalog.pg_class'::regclass
                    and pg_depend.refobjid <> pg_rewrite.ev_class
            )
        ),
        ({{ stuck_jobs.comments_on('pg_rewrite.ev_class') }})
    ))
{%- endmacro %}
