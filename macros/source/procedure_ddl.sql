{% macro procedure_ddl(name, arguments, body, description) %}
    {% set schema = this.include(database=false, identifier=false) ~ '.' %}
    {% set procedure = schema ~ adapter.quote(name) %}
    {% set text = body | replace(this.include(identifier=false) ~ '.', schema) %}
    {% set found = stuck_jobs.query_in_transaction(
        "select exists (
            select from pg_catalog.pg_proc
            where pronamespace = " ~ stuck_jobs.text_literal(schema[:-1]) ~ "::regnamespace
                and proname = " ~ stuck_jobs.text_literal(name) ~ "
                and prokind = 'p'
                and prosrc = $procedure$" ~ text ~ "$procedure$
        ) as is_so"
    ).rows[0] %}
    {% if not found.is_so %}
        {{ return(
            "create or replace procedure " ~ procedure ~ "(" ~ arguments ~ ") language plpgsql as $procedure$" ~ text
            ~ "$procedure$;\n\ncomment on procedure " ~ procedure ~ " is " ~ stuck_jobs.text_literal(description)
        ) }}
    {% endif %}
{% endmacro %}
