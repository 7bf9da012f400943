{% macro check_labels(system, schema) %}
    {% for type, known in system.get('labels', {}).items() %}
        {% set found = run_query(
            "select enumlabel from pg_catalog.pg_enum
            where enumtypid = to_regtype(" ~ stuck_jobs.text_literal(adapter.quote(schema) ~ '.' ~ adapter.quote(type)) ~ ")"
        ).columns[0].values() %}
        {% for label in known if found and label not in found %}
            {% do exceptions.raise_compiler_error(
                "the watched type " ~ schema ~ "." ~ type ~ " has no label '" ~ label ~ "': it is of another version of "
                ~ system.title ~ " than those that are known (" ~ system.versions ~ ")"
            ) %}
        {% endfor %}
        {% for label in found if label not in known %}
            {% do exceptions.raise_compiler_error(
                "the watched type " ~ schema ~ "." ~ type ~ " has the unknown label '" ~ label ~ "': it is of another version of "
                ~ system.title ~ " than those that are known (" ~ system.versions ~ ")"
            ) %}
        {% endfor %}
    {% endfor %}
{% endmacro %}
