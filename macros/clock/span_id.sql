{% macro span_id(job, part) -%}
    left(md5(concat_ws('/', {{ job }}, {{ part }})), 16)
{%- endmacro %}
