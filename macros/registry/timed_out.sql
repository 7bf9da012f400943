{% macro timed_out() -%}
    coalesce(status = 'timeout' or (status = 'failed' and failure_type ~* 'time.?out'), false)
{%- endmacro %}
