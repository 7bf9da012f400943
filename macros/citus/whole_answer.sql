{% macro whole_answer(sql) %}
    {% set connection, cursor = adapter.add_query("set local client_min_messages = warning") %}
    {% do connection.handle.notices.clear() %}
    {% set connection, cursor = adapter.add_query(sql) %}
    {% set warnings = [] %}
    {% for notice in connection.handle.notices if 'could not start maintenance background worker' not in notice %}
        {% do warnings.append(notice) %}
    {% endfor %}
    {{ return({'row': cursor.fetchone(), 'is_whole': warnings | length == 0}) }}
{% endmacro %}
