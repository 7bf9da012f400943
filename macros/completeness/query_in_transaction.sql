{% macro query_in_transaction(sql) %}
    {% call statement('query_in_transaction', fetch_result=true, auto_begin=true) %}{{ sql }}{% endcall %}
    {{ return(load_result('query_in_transaction').table) }}
{% endmacro %}
