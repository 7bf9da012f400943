{% macro unlogged_rows_ddl(name, body, table) -%}
    create or replace function {{ name }}
    returns setof jsonb
    language plpgsql stable security definer rows 10
    set search_path = pg_catalog, pg_temp
    as $rows${{ body }}$rows$;

    comment on function {{ name }}
    is 'The rows of {{ table }}, which is UNLOGGED: on a standby, where PostgreSQL refuses to read it, none.'
{%- endmacro %}
