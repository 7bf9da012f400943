{% macro drop_set_aside(view) %}
    {% set name = stuck_jobs.text_literal(view) ~ '::regclass' %}
    {% set found = stuck_jobs.query_in_transaction(
        "select
            pg_rewrite.oid is not null as is_droppable,
            array_to_string(array(
                select format('grant %s on %s to %s', acl.privilege_type, " ~ stuck_jobs.text_literal(view) ~ ",
                    case when acl.grantee = 0 then 'public' else acl.grantee::regrole::text end)
                from pg_catalog.pg_class cross join lateral aclexplode(pg_class.relacl) as acl
                where pg_class.oid = pg_rewrite.ev_class and acl.grantee <> pg_class.relowner
            ), '; ') as grants
        from pg_catalog.pg_rewrite
        where pg_rewrite.ev_class = " ~ name ~ "
            and obj_description(pg_rewrite.oid, 'pg_rewrite') = 'set aside'
            and not exists (
                select from pg_catalog.pg_depend
                where pg_depend.refobjid = pg_rewrite.ev_class and pg_depend.classid = 'pg_rewrite'::regclass
                    and pg_depend.objid <> pg_rewrite.oid
            )"
    ) %}
    {% if found.rows | length == 0 %}
        {{ return(none) }}
    {% endif %}
    {% do stuck_jobs.query_in_transaction('drop view ' ~ view ~ '; select 1') %}
    {{ return(found.rows[0]['grants']) }}
{% endmacro %}
