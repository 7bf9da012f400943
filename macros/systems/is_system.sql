{% macro is_system(name) %}
    {{ return(var('job_system') == name) }}
{% endmacro %}
