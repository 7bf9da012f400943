{% macro check_readers() %}
    {% set readers = var('reader_roles') or [] %}
    {% if readers is string or readers is mapping or readers is not sequence or readers | reject('string') | list %}
        {% do exceptions.raise_compiler_error("vars: reader_roles must list roles, got '" ~ readers ~ "'") %}
    {% endif %}
    {% if execute and readers %}
        {% set known = run_query(
            "select rolname from pg_catalog.pg_roles where rolname in " ~ stuck_jobs.reader_names()
        ).columns[0].values() | list %}
        {% for role in readers if role not in known %}
            {% do exceptions.raise_compiler_error("vars: reader_roles names the role '" ~ role ~ "', which does not exist") %}
        {% endfor %}
    {% endif %}
{% endmacro %}
