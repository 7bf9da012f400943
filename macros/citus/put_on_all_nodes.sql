{% macro put_on_all_nodes(table) %}
    {% if not stuck_jobs.is_on_all_nodes(table) %}
        {% do stuck_jobs.query_in_transaction('select create_reference_table(' ~ stuck_jobs.text_literal(table) ~ ')') %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}
