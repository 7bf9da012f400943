{% macro create_check(history_rows, live_entries) %}
    {% if execute %}
        {{ return(stuck_jobs.procedure_ddl(
            'check', 'inout run_id text default null', stuck_jobs.check_body(history_rows, live_entries),
            'Does what a build does between two builds: judges completeness, writes the summary into accumulation_history,'
            ~ ' and prunes it. Returns the run_id of its rows; NULL if another check is under way, to which it leaves it.'
        )) }}
    {% endif %}
{% endmacro %}
