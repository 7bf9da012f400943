{% macro views_beneath(views) %}
    {% set names = [] %}
    {% for view in views %}
        {% do names.append(stuck_jobs.text_literal(view) ~ '::regclass') %}
    {% endfor %}
    {{ return(stuck_jobs.query_in_transaction(
        "with recursive beneath as (
            select unnest(array[" ~ names | join(', ') ~ "])::oid as view_id
            union
            select pg_depend.refobjid
            from beneath
            inner join pg_catalog.pg_rewrite on pg_rewrite.ev_class = beneath.view_id
            inner join pg_catalog.pg_depend
                on pg_depend.objid = pg_rewrite.oid
                    and pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
                    and pg_depend.refclassid = 'pg_catalog.pg_class'::regclass
        )

        select array_agg(distinct ev_class)::text as views
        from beneath
        inner join pg_catalog.pg_rewrite on pg_rewrite.ev_class = beneath.view_id"
    ).rows[0].views) }}
{% endmacro %}
