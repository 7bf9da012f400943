{% macro fault(kind, scope) -%}
    array[{{ stuck_jobs.fault_strength(kind) }}::text, {{ kind }}, {{ scope }}]
{%- endmacro %}
