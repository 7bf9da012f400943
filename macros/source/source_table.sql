{% macro source_table(name) %}
    {% set system = stuck_jobs.job_system() %}
    {% set described = system.tables.get(name) %}
    {% set relation = api.Relation.create(
        database=target.database, schema=stuck_jobs.source_schema(), identifier=described.name if described else name
    ) %}
    {% set table = {'name': relation.schema ~ '.' ~ relation.identifier, 'types': {}, 'unreadable': []} %}
    {% if execute and described %}
        {% set columns = stuck_jobs.columns_of(relation) %}
        {% for column in columns if column.type %}
            {% do table.types.update({column.name: column.type}) %}
        {% endfor %}
        {% if not table.types and stuck_jobs.relation_kind(relation) == 'materialized_view' %}
            {% do exceptions.raise_compiler_error(
                "the watched table " ~ table.name ~ " is a materialized view: it shows what there was when it was last refreshed; "
                ~ "name the table itself, or a view of it"
            ) %}
        {% endif %}
        {% if described.get('is_optional') and model is defined and model.resource_type == 'unit_test' %}
            {% for column in described.required + described.optional if column not in table.types %}
                {% do table.types.update({column: described.get('types', {}).get(column, 'text')}) %}
            {% endfor %}
        {% endif %}
        {% if not table.types and not described.get('is_optional') %}
            {% do exceptions.raise_compiler_error(
                "the watched table " ~ table.name ~ " does not exist, or the role '" ~ target.user ~ "' may not read it"
            ) %}
        {% endif %}
        {% for column in columns if not column.is_readable %}
            {% do table.types.pop(column.name, none) %}
            {% do table.unreadable.append(column.name) %}
        {% endfor %}
        {% for column in described.required %}
            {% do stuck_jobs.assert_readable(table, column) %}
        {% endfor %}
    {% endif %}
    {{ return(table) }}
{% endmacro %}
