{% macro asking_function_ddl(signature, type, body, description) -%}
    create or replace function {{ signature }}
    returns {{ type }}
    language plpgsql stable security definer cost 10000
    set search_path = pg_catalog, pg_temp
    as $asked${{ body }}$asked$;

    comment on function {{ signature }} is {{ stuck_jobs.text_literal(description) }}
{%- endmacro %}
