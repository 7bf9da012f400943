{% macro create_functions() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% set system = stuck_jobs.job_system() %}
        {% set as_jsonb = stuck_jobs.own_schema() ~ '.as_jsonb' %}
        {% set count_items = stuck_jobs.own_schema() ~ '.count_items' %}
        {% set body = stuck_jobs.count_items_body() %}
        {% set wanted = [
            (as_jsonb ~ '(text)', none, stuck_jobs.as_jsonb_ddl(as_jsonb)),
            (count_items ~ '(text)', body, stuck_jobs.count_items_ddl(count_items, body)),
        ] %}
        {% if system.get('listening') %}
            {% set listening = stuck_jobs.own_schema() ~ '.listening_sessions()' %}
            {% set body = stuck_jobs.listening_sessions_body(system.listening) %}
            {% do wanted.append((listening, body, stuck_jobs.asking_function_ddl(
                listening, 'table (is_any boolean, problem text)', body,
                'Whether a worker keeps a session that listens for jobs, and why the owner of this function may not see all sessions.'
            ))) %}
        {% endif %}
        {% if system.get('scheduling_locks') %}
            {% set idle_locks = stuck_jobs.own_schema() ~ '.idle_locks_since()' %}
            {% set body = stuck_jobs.idle_locks_body(system.scheduling_locks) %}
            {% do wanted.append((idle_locks, body, stuck_jobs.asking_function_ddl(
                idle_locks, 'timestamptz', body,
                'Since when a transaction that is idle has locked what the scheduler needs, as far as the owner of this function may see.'
            ))) %}
        {% endif %}
        {% for table, described in system.tables.items() if described.is_unlogged %}
            {% set rows_of = stuck_jobs.unlogged_rows(table) %}
            {% set body = stuck_jobs.unlogged_rows_body(described) %}
            {% do wanted.append((rows_of, body, stuck_jobs.unlogged_rows_ddl(rows_of, body, described.name))) %}
        {% endfor %}
        {% if stuck_jobs.is_distributed() %}
            {% set holds_rows = stuck_jobs.own_schema() ~ '.holds_rows()' %}
            {% set body = stuck_jobs.holds_rows_body(system.tables) %}
            {% do wanted.append((holds_rows, body, stuck_jobs.asking_function_ddl(
                holds_rows, 'boolean', body, 'Whether any watched table holds a row, which a node is asked.'
            ))) %}
            {% set size = stuck_jobs.own_schema() ~ '.size_on_all_nodes' %}
            {% set body = stuck_jobs.size_on_all_nodes_body() %}
            {% do wanted.append((size ~ '(oid)', body, stuck_jobs.asking_function_ddl(
                size ~ '(table_id oid)', 'bigint', body, 'How large a table is, wherever its shards are.'
            ))) %}
        {% endif %}
        {% set missing = [] %}
        {% for signature, body, ddl in wanted if not stuck_jobs.has_function(signature, body) %}
            {% do missing.append(ddl) %}
        {% endfor %}
        {{ return(missing | join(';\n')) }}
    {% endif %}
{% endmacro %}
