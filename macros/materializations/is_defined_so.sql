{% macro is_defined_so(view, definition) %}
    {% if view is none or not view.is_view %}
        {{ return(false) }}
    {% endif %}
    {% set found = stuck_jobs.query_in_transaction(
        "select exists (
            select from pg_catalog.pg_rewrite
            inner join pg_catalog.pg_description
                on pg_description.objoid = pg_rewrite.oid
                    and pg_description.classoid = 'pg_catalog.pg_rewrite'::regclass
            where pg_rewrite.ev_class = " ~ stuck_jobs.text_literal(view) ~ "::regclass
                and pg_description.description = '" ~ definition ~ " ' || " ~ stuck_jobs.view_digest() ~ "
        ) as is_so"
    ) %}
    {{ return(found.rows[0]['is_so']) }}
{% endmacro %}
