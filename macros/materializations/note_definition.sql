{% macro note_definition(view, definition) %}
    {% do run_query(
        "do $note$
        begin
            execute (
                select format('comment on rule \"_RETURN\" on %s is %L', " ~ stuck_jobs.text_literal(view.include(database=false)) ~ ", '"
                    ~ definition ~ " ' || " ~ stuck_jobs.view_digest() ~ ")
                from pg_catalog.pg_rewrite
                where pg_rewrite.ev_class = " ~ stuck_jobs.text_literal(view) ~ "::regclass
            );
        end
        $note$"
    ) %}
{% endmacro %}
