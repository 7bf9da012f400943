{% macro describe_relation(relation) %}
    {% set wanted = {} %}
    {% if config.persist_relation_docs() and model.description %}
        {% do wanted.update({'': model.description}) %}
    {% endif %}
    {% if config.persist_column_docs() %}
        {% for column in model.columns.values() if column.description %}
            {% do wanted.update({column.name: column.description}) %}
        {% endfor %}
    {% endif %}
    {% if wanted %}
        {% set found = run_query(
            "select coalesce(pg_attribute.attname, '') as name, pg_description.description
            from pg_catalog.pg_description
            left join pg_catalog.pg_attribute
                on pg_attribute.attrelid = pg_description.objoid and pg_attribute.attnum = pg_description.objsubid
                    and pg_attribute.attnum > 0
            where pg_description.classoid = 'pg_catalog.pg_class'::regclass
                and pg_description.objoid = " ~ stuck_jobs.text_literal(relation) ~ "::regclass"
        ) %}
        {% set comments = {} %}
        {% for row in found.rows %}
            {% do comments.update({row.name: row.description}) %}
        {% endfor %}
        {% set changes = [] %}
        {% for name, description in wanted.items() if comments.get(name) != description %}
            {% set object = 'column ' ~ relation ~ '.' ~ adapter.quote(name) if name else relation.type ~ ' ' ~ relation %}
            {% do changes.append('comment on ' ~ object ~ ' is ' ~ postgres_escape_comment(description)) %}
        {% endfor %}
        {% if changes %}
            {% do run_query(changes | join(';\n')) %}
        {% endif %}
    {% endif %}
{% endmacro %}
