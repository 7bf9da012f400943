-- The jobs in one form, whatever the version: columns that it lacks say nothing. The queues that pg-boss keeps for
-- itself are none. Without a WITH clause, and of one table, since PostgreSQL plans each mention of it with all its
-- partitions.
{{ config(enabled=is_system('pg_boss')) }}
{% set types = source_table('jobs').types %}
{% set own_words = "'job timed out', 'job heartbeat timeout', 'job failed by timeout in active state',
            'pg-boss shut down while active'" %}

select
    jobs.id,
    jobs.name,
    jobs.state,
    jobs.policy,
    jobs.singleton_key,
    jobs.retry_limit,
    jobs.retry_count,
    jobs.created_on,
    jobs.start_after,
    greatest(jobs.created_on, jobs.start_after) as ready_on,
    jobs.started_on,
    jobs.completed_on,
    jobs.keep_until,
    {%- if 'expire_in' in types %}
    jobs.expire_in as expires_in,
    {%- else %}
    jobs.expire_seconds * interval '1 second' as expires_in,
    {%- endif %}
    {%- for column, absent in {
        'heartbeat_on': 'null::timestamptz',
        'heartbeat_seconds': 'null::integer',
        'blocked': 'false',
        'blocking': 'false',
        'source_name': 'null::text',
        'source_id': 'null::uuid',
        'source_retry_count': 'null::integer',
    }.items() %}
    {{ 'jobs.' ~ column if column in types or not execute else absent }} as {{ column }},
    {%- endfor %}
    {%- for column, error in {'output': 'error', 'source_output': 'source_error'}.items() %}
    {%- set output = 'jobs.' ~ column if column in types or not execute else 'null::jsonb' %}
    -- of an error its class, and the words of pg-boss itself: whatever else stands there may be anything
    case
        when {{ output }} ->> 'message' ~ '^handler execution exceeded [0-9]+ ?s(econds)?$'
            then 'handler execution exceeded its time'
        when {{ output }} ? 'stack' and {{ output }} ->> 'name' ~ '^[A-Za-z_$][A-Za-z0-9_$.]{0,60}$'
            then {{ output }} ->> 'name'
        when {{ output }} -> 'value' ->> 'message' in (
            {{ own_words }}
        ) then {{ output }} -> 'value' ->> 'message'
        when {{ output }} ->> 'value' in (
            {{ own_words }}
        ) then {{ output }} ->> 'value'
    end as {{ error }},
    {%- endfor %}
    jobs.dead_letter
from {{ source('pg_boss', 'jobs') }} as jobs
where jobs.name not like '\_\_pgboss\_\_%'
