-- The processes, where the version lists them: a dead one keeps its row, and what it said of its workers last.
{{ config(enabled=is_system('pg_boss')) }}

{% if source_table('instances').types or not execute -%}
select
    id,
    started_on,
    heartbeat_on,
    stopped_on,
    heartbeat_seconds * interval '3 seconds' as dead_after,
    stopped_on is null
    and heartbeat_on between {{ as_of() }} - heartbeat_seconds * interval '3 seconds' and {{ latest_plausible() }}
        as is_living,
    case when jsonb_typeof(workers) = 'array' then workers else '[]'::jsonb end as workers,
    config
from {{ source('pg_boss', 'instances') }}
{%- else -%}
{{ no_rows({
    'id': 'uuid',
    'started_on': 'timestamptz',
    'heartbeat_on': 'timestamptz',
    'stopped_on': 'timestamptz',
    'dead_after': 'interval',
    'is_living': 'boolean',
    'workers': 'jsonb',
    'config': 'jsonb',
}) }}
{%- endif %}
