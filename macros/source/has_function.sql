{% macro has_function(signature, body) %}
    {% set found = run_query(
        "select prosrc from pg_catalog.pg_proc where oid = to_regprocedure(" ~ stuck_jobs.text_literal(signature) ~ ")"
    ).columns[0].values() | list %}
    {{ return(found | length > 0 and body in [none, found[0]]) }}
{% endmacro %}
