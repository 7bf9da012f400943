{% macro is_spec_unreadable() -%}
    cells = '{}' and status = 'completed' and cardinality({{ stuck_jobs.json_strings('spec_regions') }}) = 0
{%- endmacro %}
