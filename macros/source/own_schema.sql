{% macro own_schema() -%}
    {{ adapter.quote(graph.nodes['model.stuck_jobs.stg_jobs'].schema if execute else target.schema) }}
{%- endmacro %}
