{% macro distributed_check_body() %}
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

    delete from {{ kept }}items;
    {%- set ties = stuck_jobs.ties() %}
    {%- for detection in stuck_jobs.detections_in_use() %}

    insert into {{ kept }}items ({{ stuck_jobs.item_columns() }}, tie)
    select {{ stuck_jobs.item_columns() }}, {{ ties.get(detection, 'null') }}::text from {{ stuck_jobs.built(detection) }};
    {%- endfor %}

    delete from {{ kept }}watched_tables;

    insert into {{ kept }}watched_tables (table_name, problem)
    select table_name, problem from {{ stuck_jobs.built('stg_watched_tables') }};

    delete from {{ kept }}unproven_points;

    insert into {{ kept }}unproven_points (accumulation_point, problems, is_part)
    select accumulation_point, problems, is_part from {{ stuck_jobs.built('int_unproven_points') }};

    insert into {{ kept }}check (run_id, checked_at) values (this_run, now());

    perform set_config('search_path', callers_path, true);
    run_id := this_run;
end
{% endmacro %}
