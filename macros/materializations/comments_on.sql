{% macro comments_on(relation_oid) -%}
    select string_agg(concat_ws(' ', objsubid, description), ',' order by objsubid)
    from pg_catalog.pg_description
    where classoid = 'pg_catalog.pg_class'::regclass and objoid = {{ relation_oid }}
{%- endmacro %}
