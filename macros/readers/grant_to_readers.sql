{% macro grant_to_readers() %}
    {% if execute and (var('reader_roles') or var('operator_roles')) and flags.WHICH in ('build', 'run') %}
        {% set grants = run_query(stuck_jobs.missing_grants()).columns[0].values() %}
        {% if grants %}
            {% do run_query(grants | join('; ')) %}
            {% set refused = run_query(stuck_jobs.missing_grants()).columns[0].values() %}
            {% if refused %}
                {% do exceptions.raise_compiler_error(
                    "vars: reader_roles and operator_roles cannot be served: the role '" ~ target.user ~ "' may not " ~ refused | join(', nor ')
                ) %}
            {% endif %}
        {% endif %}
    {% endif %}
{% endmacro %}
