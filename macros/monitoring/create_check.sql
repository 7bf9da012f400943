{% macro create_check(history_rows, live_entries) %}
    {% if execute and stuck_jobs.is_distributed() %}
        {% set kept_queries = stuck_jobs.kept_queries() %}
        {% for name, queries in kept_queries.items() %}
            {% do stuck_jobs.create_found(name, queries) %}
        {% endfor %}
        {{ return([
            stuck_jobs.procedure_ddl(
                'check', 'inout run_id text default null', stuck_jobs.distributed_check_body(kept_queries),
                'Keeps what each view finds, one after the other. It counts once the procedure confirm is told, in the same'
                ~ ' transaction, that the answers were whole. Returns NULL if another check is under way.'
            ),
            stuck_jobs.procedure_ddl(
                'confirm', 'is_whole boolean', stuck_jobs.confirm_body(history_rows),
                'Says of what the procedure check has kept whether it is whole, which only whoever called it can see, and'
                ~ ' writes it into accumulation_history.'
            ),
        ] | map('trim') | select | join(';\n')) }}
    {% elif execute %}
        {{ return(stuck_jobs.procedure_ddl(
            'check', 'inout run_id text default null', stuck_jobs.check_body(history_rows, live_entries),
            'Does what a build does between two builds: judges completeness, writes the summary into accumulation_history,'
            ~ ' and prunes it. Returns the run_id of its rows; NULL if another check is under way, to which it leaves it.'
        )) }}
    {% endif %}
{% endmacro %}
