{% macro turn() -%}
    pg_catalog.hashtext({{ stuck_jobs.text_literal(this.schema ~ ' check') }})
{%- endmacro %}
