-- The queues in which something waits, with when a job was last taken from each, and how many living processes serve it
-- where the version lists them. Behind a fence, so that each is looked up once and not for each mention of its columns.
{{ config(enabled=is_system('pg_boss')) }}
{% set jobs = source('pg_boss', 'jobs') %}
{% set living = 'count(*)' if source_table('instances').types or not execute else 'nullif(count(*), 0)' %}

select
    queues.name as queue_name,
    (
        select max(taken.started_on)
        from (
            select jobs.started_on from {{ jobs }} as jobs
            where jobs.name = queues.name and jobs.state in ('active', 'retry')
            union all
            select jobs.started_on from {{ jobs }} as jobs
            where
                jobs.name = queues.name
                and jobs.completed_on >= {{ as_of() }} - {{ max_age('queue_unserved') }}
        ) as taken
        where taken.started_on <= {{ latest_plausible() }}
    ) as last_taken_at,
    (
        select {{ living }}
        from {{ ref('base_pg_boss_instances') }} as instances
        where
            instances.is_living
            and instances.workers @> jsonb_build_array(jsonb_build_object('queue', queues.name))
    ) as living_workers
from {{ source('pg_boss', 'queues') }} as queues
where
    queues.name not like '\_\_pgboss\_\_%'
    and exists (
        select 1 from {{ jobs }} as jobs
        where jobs.name = queues.name and jobs.state in ('created', 'retry')
    )
offset 0
