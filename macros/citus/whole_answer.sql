{% macro whole_answer(sql) %}
    {% set connection, cursor = adapter.add_query("set local client_min_messages = warning") %}
    {% do connection.handle.notices.clear() %}
    {% set connection, cursor = adapter.add_query(sql) %}
    {{ return({'row': cursor.fetchone(), 'is_whole': connection.handle.notices | length == 0}) }}
{% endmacro %}
