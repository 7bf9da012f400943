{% macro check_readers() %}
    {% for variable in ['reader_roles', 'operator_roles'] %}
        {% set roles = var(variable) or [] %}
        {% if roles is string or roles is mapping or roles is not sequence or roles | reject('string') | list %}
            {% do exceptions.raise_compiler_error("vars: " ~ variable ~ " must list roles, got '" ~ roles ~ "'") %}
        {% endif %}
        {% if execute and roles %}
            {% set known = run_query(
                "select rolname from pg_catalog.pg_roles where rolname in " ~ stuck_jobs.role_names(variable)
            ).columns[0].values() | list %}
            {% for role in roles if role not in known %}
                {% do exceptions.raise_compiler_error(
                    "vars: " ~ variable ~ " names the role '" ~ role ~ "', which does not exist"
                ) %}
            {% endfor %}
        {% endif %}
    {% endfor %}
{% endmacro %}
