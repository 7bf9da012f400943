{% macro confirm_body(history_rows) %}
#variable_conflict use_column
declare
    this_run text;
    callers_path constant text := pg_catalog.current_setting('search_path');
begin
    perform pg_catalog.pg_advisory_xact_lock({{ stuck_jobs.turn() }});
    {{ stuck_jobs.settle_session() }}
    {%- set kept = this.include(database=false, identifier=false) ~ '.kept_' %}

    update {{ kept }}check
    set
        is_whole = confirm.is_whole,
        run_id = case when confirm.is_whole then run_id else pg_catalog.gen_random_uuid()::text end
    returning run_id into this_run;
    {%- if stuck_jobs.judges_history() %}

    -- what was lost may have been missing from the judgment as well
    if confirm.is_whole is not true then
        {{ stuck_jobs.forget_marks(stuck_jobs.built('int_known_gaps')) | indent(8) }};
    end if;
    {%- endif %}

    if this_run is not null then
        {%- set columns = model.columns | join(', ') %}
        insert into {{ this }} ({{ columns }})
        select {{ columns }} from (
            {{ history_rows | replace("'" ~ invocation_id ~ "'", 'this_run') | replace('where false', '') | indent(12) }}
        ) as history_rows;
    end if;

    {{ stuck_jobs.prune_history(this) | indent(4) }};

    {{ stuck_jobs.thin_history(this) | indent(4) }};

    perform set_config('search_path', callers_path, true);
end
{% endmacro %}
