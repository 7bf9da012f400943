{% macro complete_since() -%}
    {%- set jobs = stuck_jobs.source_table('jobs') -%}
    {%- set since = var('completeness_since') -%}
    greatest(
        {{ stuck_jobs.text_literal(since if since is not none else '-infinity') }}::timestamptz,
        (
            -- jobs that were closed a day before there was any execution had theirs purged: nobody knows what they lacked
            select first.created_at
            from (
                select executions.created_at from {{ ref('stg_executions') }} as executions
                where executions.source_created_at is not null
                order by executions.source_created_at
                limit 1
            ) as first
            where (
                select count(*) from (
                    select from {{ ref('stg_jobs') }} as jobs
                    where
                        jobs.source_updated_at < {{ stuck_jobs.source_instant(jobs, 'updated_at', "first.created_at - interval '1 day'") }}
                        and jobs.status in ('completed', 'failed')
                    order by jobs.source_updated_at -- by its index: mostly there are none, and a search would read all jobs
                    limit 10
                ) as purged
            ) = 10
        )
    )
{%- endmacro %}
