{% macro distributed_check_body(kept_queries) %}
#variable_conflict use_column
declare
    this_run constant text := pg_catalog.gen_random_uuid();
    callers_path constant text := pg_catalog.current_setting('search_path');
begin
    run_id := null;
    if not pg_catalog.pg_try_advisory_xact_lock({{ stuck_jobs.turn() }}) then
        raise notice 'another check is under way';
        return;
    end if;

    {{ stuck_jobs.settle_session() }}
    perform set_config('client_min_messages', 'warning', true);

    {{ stuck_jobs.assert_in_place() }}
    {%- set kept = this.include(database=false, identifier=false) ~ '.kept_' %}

    delete from {{ kept }}check;
    {%- for name, queries in kept_queries.items() %}

    {{ stuck_jobs.keep_found(name, queries) }}
    {%- endfor %}

    delete from {{ kept }}watched_tables;

    insert into {{ kept }}watched_tables (table_name, problem)
    select table_name, problem from {{ stuck_jobs.built('stg_watched_tables') }};

    insert into {{ kept }}check (run_id, checked_at) values (this_run, now());

    perform set_config('search_path', callers_path, true);
    run_id := this_run;
end
{% endmacro %}
