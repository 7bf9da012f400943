{% macro check_keys() %}
    {% for name in stuck_jobs.job_system().tables if name in ('jobs', 'executions', 'outbox') %}
        {% set table = stuck_jobs.source_table(name) %}
        {% set type = table.types.get('id', 'bigint') %}
        {% if execute and type not in ('smallint', 'integer', 'bigint', 'uuid') %}
            {% do exceptions.raise_compiler_error(
                "the watched column " ~ table.name ~ ".id must be an integer or a uuid, and is of type " ~ type
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
