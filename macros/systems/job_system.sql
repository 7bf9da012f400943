{% macro job_system() %}
    {% set name = var('job_system') %}
    {% if 'system_of_' ~ name not in stuck_jobs %}
        {% do exceptions.raise_compiler_error(
            "vars: job_system names the unknown system '" ~ name ~ "'; known: "
            ~ stuck_jobs.system_names() | join(', ')
        ) %}
    {% endif %}
    {{ return(stuck_jobs['system_of_' ~ name]()) }}
{% endmacro %}
