{% macro key_literal(key) -%}
    {{ stuck_jobs.text_literal(key) }}::{{ stuck_jobs.source_key_type('jobs') }}
{%- endmacro %}
