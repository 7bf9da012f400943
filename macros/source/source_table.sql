{% macro source_table(name) %}
    {% set relation = api.Relation.create(
        database=target.database, schema=var('source_schema'), identifier=var(name ~ '_table')
    ) %}
    {% set table = {'name': relation.schema ~ '.' ~ relation.identifier, 'types': {}} %}
    {% if execute %}
        {% for column in adapter.get_columns_in_relation(relation) %}
            {% do table.types.update({column.name: column.data_type}) %}
        {% endfor %}
        {% if not table.types %}
            {% do exceptions.raise_compiler_error(
                "the watched table " ~ table.name ~ " does not exist, or the role '" ~ target.user ~ "' may not read it;"
                ~ " vars: source_schema and " ~ name ~ "_table say where it is"
            ) %}
        {% endif %}
    {% endif %}
    {{ return(table) }}
{% endmacro %}
