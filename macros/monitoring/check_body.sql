{% macro check_body(history_rows, live_entries) %}
#variable_conflict use_column
declare
    this_run constant text := pg_catalog.gen_random_uuid();
    callers_path constant text := pg_catalog.current_setting('search_path');
    callers_bitmapscan constant text := pg_catalog.current_setting('enable_bitmapscan');
    points bigint;
begin
    run_id := null;
    if not pg_catalog.pg_try_advisory_xact_lock({{ stuck_jobs.turn() }}) then
        raise notice 'another check is under way';
        return;
    end if;
    {%- if stuck_jobs.judges_history() %}

    call {{ this.include(identifier=false) }}.judge_history();

    -- a batch that was committed has let the lock go
    if not pg_catalog.pg_try_advisory_xact_lock({{ stuck_jobs.turn() }}) then
        raise notice 'another check is under way';
        return;
    end if;
    {%- endif %}

    {{ stuck_jobs.settle_session() }}

    {{ stuck_jobs.assert_in_place() }}
    {%- if live_entries %}

    perform set_config('enable_bitmapscan', 'off', true);
    perform {{ live_entries | indent(4) }};
    perform set_config('enable_bitmapscan', callers_bitmapscan, true);
    {%- endif %}

    {%- set columns = model.columns | join(', ') %}

    insert into {{ this }} ({{ columns }})
    select {{ columns }} from (
        {{ history_rows | replace("'" ~ invocation_id ~ "'", 'this_run') | indent(8) }}
    ) as history_rows;

    get diagnostics points = row_count;
    {%- set expected = stuck_jobs.registry().values() | selectattr('enabled') | list | length %}
    if points <> {{ expected }} then
        raise exception 'accumulation_points has % rows in place of {{ expected }}: run dbt build', points
        using errcode = 'object_not_in_prerequisite_state';
    end if;

    {{ stuck_jobs.prune_history(this) | indent(4) }};

    {{ stuck_jobs.thin_history(this) | indent(4) }};

    perform set_config('search_path', callers_path, true);
    run_id := this_run;
end
{% endmacro %}
