{% macro create_judge_history(known_gaps, incomplete_jobs) %}
    {% set ddl = stuck_jobs.procedure_ddl(
        'judge_history', '', stuck_jobs.judge_history_body(known_gaps, incomplete_jobs),
        'Judges what int_known_gaps has not judged yet, as a build does. The procedure check calls it.'
    ) %}
    {% if ddl %}
        {% do stuck_jobs.query_in_transaction(ddl ~ '; select 1') %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}
