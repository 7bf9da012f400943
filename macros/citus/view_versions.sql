{% macro view_versions(views) -%}
    (
        select md5(string_agg(concat_ws(' ', ev_class, xmin), ',' order by ev_class))
        from pg_catalog.pg_rewrite
        where ev_class = any('{{ views }}')
    )
{%- endmacro %}
