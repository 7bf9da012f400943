{% macro create_functions() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% set name = stuck_jobs.own_schema() ~ '.as_jsonb' %}
        {% set found = run_query("select to_regprocedure(" ~ stuck_jobs.text_literal(name ~ '(text)') ~ ") is not null as exists") %}
        {% if not found.rows[0].exists %}
            {{ return(stuck_jobs.as_jsonb_ddl(name)) }}
        {% endif %}
    {% endif %}
{% endmacro %}
