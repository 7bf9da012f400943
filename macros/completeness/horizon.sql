{% macro horizon() -%}
    {{ as_of() }} - {{ stuck_jobs.max_age('execution_missing') }} - {{ stuck_jobs.minutes(var('completeness_overlap_minutes')) }}
{%- endmacro %}
