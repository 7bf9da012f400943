{% macro check_rows(schema, tables) %}
    {% set tests = [] %}
    {% for table in tables %}
        {% set name = adapter.quote(schema) ~ '.' ~ adapter.quote(table) %}
        {% do tests.append(
            "select " ~ stuck_jobs.text_literal(table) ~ " as name
            where " ~ stuck_jobs.hides_rows(name, "(select oid from pg_catalog.pg_roles where rolname = current_user)")
        ) %}
    {% endfor %}
    {% set hidden = run_query(tests | join(' union all ')).columns[0].values() %}
    {% if hidden %}
        {% do exceptions.warn(
            "row level security hides rows of " ~ hidden | join(', ') ~ " from the role " ~ target.user ~ ", so that every point is"
            ~ " unknown: an administrator grants it bypassrls, or creates a policy on each for select to it using (true);"
            ~ " stuck-jobs doctor prints the statements"
        ) %}
    {% endif %}
{% endmacro %}
