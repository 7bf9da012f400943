{% macro system_names() %}
    {% set names = [] %}
    {% for macro_name in stuck_jobs if macro_name.startswith('system_of_') %}
        {% do names.append(macro_name[10:]) %}
    {% endfor %}
    {{ return(names | sort) }}
{% endmacro %}
