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
            {% set listening = stuck_jobs.own_schema() ~ '.listening_sessions' %}
            {% set body = stuck_jobs.listening_sessions_body(system.listening) %}
            {% do wanted.append((listening ~ '()', body, stuck_jobs.listening_sessions_ddl(listening, body))) %}
        {% endif %}
        {% for table, described in system.tables.items() if described.is_unlogged %}
            {% set rows_of = stuck_jobs.unlogged_rows(table) %}
            {% set body = stuck_jobs.unlogged_rows_body(described) %}
            {% do wanted.append((rows_of, body, stuck_jobs.unlogged_rows_ddl(rows_of, body, described.name))) %}
        {% endfor %}
        {% set missing = [] %}
        {% for signature, body, ddl in wanted if not stuck_jobs.has_function(signature, body) %}
            {% do missing.append(ddl) %}
        {% endfor %}
        {{ return(missing | join(';\n')) }}
    {% endif %}
{% endmacro %}
