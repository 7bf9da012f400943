{% macro listening_sessions_ddl(name, body) -%}
    create or replace function {{ name }}()
    returns table (is_any boolean, problem text)
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
    as $sessions${{ body }}$sessions$;

    comment on function {{ name }}()
    is 'Whether a worker keeps a session that listens for jobs, and why the owner of this function may not see all sessions.'
{%- endmacro %}
