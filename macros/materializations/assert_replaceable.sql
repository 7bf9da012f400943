{% macro assert_replaceable(existing_relation, sql) %}
    {% if existing_relation is not none %}
        {% if not existing_relation.is_view %}
            {% do exceptions.raise_compiler_error(
                existing_relation ~ " exists and is a " ~ existing_relation.type ~ "; drop it, or choose another schema"
            ) %}
        {% endif %}
        {% set old = adapter.get_columns_in_relation(existing_relation) | map(attribute='name') | list %}
        {% set new = get_column_schema_from_query(sql) | map(attribute='name') | list %}
        {% set kept = new if model.version else new[:old | length] %}
        {% if kept != old %}
            {% do exceptions.raise_compiler_error(
                existing_relation ~ " exists with other columns (there: " ~ old | join(', ') ~ "; new: " ~ new | join(', ')
                ~ ") and is not replaced, because others may read it. Publish the change as a new version of the model,"
                ~ " or drop the view first"
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}
