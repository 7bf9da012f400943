{% macro note_definition(view, definition) %}
    {% set found = run_query("select md5(pg_get_viewdef(" ~ stuck_jobs.text_literal(view) ~ "::regclass)) as text_md5") %}
    {% do run_query(
        'comment on rule "_RETURN" on ' ~ view ~ " is '" ~ definition ~ ' ' ~ found.rows[0]['text_md5'] ~ "'"
    ) %}
{% endmacro %}
