{% macro raw_table(name, columns, needs_redis=true) -%}
    {%- set relation = source('raw', name) -%}
    {%- set exists = execute and (stuck_jobs.has_queues() or not needs_redis)
        and adapter.get_relation(relation.database, relation.schema, relation.identifier) is not none -%}
    {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if exists else [] -%}
    select
    {%- for column, type in columns.items() %}
        {{ column if column in found else 'null' }}::{{ type }} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
    {{ 'from ' ~ relation if exists else 'where false' }}
{%- endmacro %}
