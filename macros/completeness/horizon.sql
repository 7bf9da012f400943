{% macro horizon() -%}
    {{ as_of() }} - {{ max_age('execution_missing') }} - {{ minutes(var('completeness_overlap_minutes')) }}
{%- endmacro %}
