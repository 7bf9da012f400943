{% macro count_items_ddl(name, body) -%}
    create or replace function {{ name }}(detection text)
    returns table (accumulation_point text, items bigint, oldest_stuck_since timestamptz)
    language plpgsql stable strict security definer rows 5 cost 10000
    set search_path = pg_catalog, pg_temp
    set jit = off
    as $count${{ body }}$count$;

    comment on function {{ name }}(text)
    is 'How much a detection view lists of each of its points. A function, since a session keeps the plans of its queries.'
{%- endmacro %}
