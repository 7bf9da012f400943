{% macro horizon() -%}
    {%- set jobs = stuck_jobs.source_table('jobs') -%}
    {%- set overlap_begins -%}
        {{ as_of() }} - {{ stuck_jobs.max_age('execution_missing') }} - {{ stuck_jobs.minutes(var('completeness_overlap_minutes')) }}
    {%- endset -%}
    greatest(
        {{ overlap_begins }},
        (
            select jobs.updated_at from {{ ref('stg_jobs') }} as jobs
            where
                jobs.source_updated_at
                between {{ stuck_jobs.source_instant(jobs, 'updated_at', overlap_begins) }}
                and {{ stuck_jobs.source_instant(jobs, 'updated_at', as_of()) }}
            order by jobs.source_updated_at desc
            offset {{ var('completeness_overlap_jobs') }}
            limit 1
        )
    )
{%- endmacro %}
