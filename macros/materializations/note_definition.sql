{% macro note_definition(view, definition) %}
    {% set found = run_query(
        "select " ~ stuck_jobs.view_digest() ~ " as digest from pg_catalog.pg_rewrite
        where pg_rewrite.ev_class = " ~ stuck_jobs.text_literal(view) ~ "::regclass"
    ) %}
    {% do run_query(
        'comment on rule "_RETURN" on ' ~ view ~ " is '" ~ definition ~ ' ' ~ found.rows[0]['digest'] ~ "'"
    ) %}
{% endmacro %}
