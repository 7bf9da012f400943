-- Which job waits for which, where the version knows flows.
{{ config(enabled=is_system('pg_boss')) }}

{% if source_table('dependencies').types or not execute -%}
select
    child_name,
    child_id,
    parent_name,
    parent_id
from {{ source('pg_boss', 'dependencies') }}
{%- else -%}
{{ no_rows({'child_name': 'text', 'child_id': 'uuid', 'parent_name': 'text', 'parent_id': 'uuid'}) }}
{%- endif %}
