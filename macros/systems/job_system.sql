{% macro job_system() %}
    {% set name = var('job_system') %}
    {% set known = stuck_jobs.system_names() %}
    {% if name not in known %}
        {% do exceptions.raise_compiler_error(
            "vars: job_system names the unknown system '" ~ name ~ "'; known: " ~ known | join(', ')
        ) %}
    {% endif %}
    {{ return(stuck_jobs['system_of_' ~ name]()) }}
{% endmacro %}
