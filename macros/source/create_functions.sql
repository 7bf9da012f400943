{% macro create_functions() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% set as_jsonb = stuck_jobs.own_schema() ~ '.as_jsonb' %}
        {% set count_items = stuck_jobs.own_schema() ~ '.count_items' %}
        {% set body = stuck_jobs.count_items_body() %}
        {% set listening = stuck_jobs.own_schema() ~ '.listening_sessions' %}
        {% set pattern = stuck_jobs.job_system().get('listening') %}
        {% set sessions = stuck_jobs.listening_sessions_body(pattern) if pattern else '' %}
        {% set found = run_query(
            "select
                to_regprocedure(" ~ stuck_jobs.text_literal(as_jsonb ~ '(text)') ~ ") is not null as has_as_jsonb,
                exists (
                    select from pg_catalog.pg_proc
                    where oid = to_regprocedure(" ~ stuck_jobs.text_literal(count_items ~ '(text)') ~ ")
                        and prosrc = $count$" ~ body ~ "$count$
                ) as has_count_items,
                exists (
                    select from pg_catalog.pg_proc
                    where oid = to_regprocedure(" ~ stuck_jobs.text_literal(listening ~ '()') ~ ")
                        and prosrc = $sessions$" ~ sessions ~ "$sessions$
                ) as has_listening_sessions"
        ).rows[0] %}
        {% set missing = [] %}
        {% do missing.append(stuck_jobs.as_jsonb_ddl(as_jsonb)) if not found.has_as_jsonb %}
        {% do missing.append(stuck_jobs.count_items_ddl(count_items, body)) if not found.has_count_items %}
        {% do missing.append(stuck_jobs.listening_sessions_ddl(listening, sessions)) if pattern and not found.has_listening_sessions %}
        {% for table, described in stuck_jobs.job_system().tables.items() if described.is_unlogged %}
            {% set rows_of = stuck_jobs.unlogged_rows(table) %}
            {% set body = stuck_jobs.unlogged_rows_body(described) %}
            {% set found = run_query(
                "select prosrc from pg_catalog.pg_proc where oid = to_regprocedure(" ~ stuck_jobs.text_literal(rows_of) ~ ")"
            ).columns[0].values() | list %}
            {% do missing.append(stuck_jobs.unlogged_rows_ddl(rows_of, body, described.name)) if body not in found %}
        {% endfor %}
        {{ return(missing | join(';\n')) }}
    {% endif %}
{% endmacro %}
