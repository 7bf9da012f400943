{% macro own_schema() -%}
    {#- a unit test has no graph -#}
    {%- set schema = graph.nodes['model.stuck_jobs.stg_jobs'].schema if graph.nodes else model.schema -%}
    {{ adapter.quote(schema if execute else target.schema) }}
{%- endmacro %}
