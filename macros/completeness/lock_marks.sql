{% macro lock_marks(known_gaps) -%}
    {%- set jobs = stuck_jobs.source_table('jobs') -%}
    {%- set batch = var('completeness_batch_jobs') -%}
    update {{ known_gaps }}
    set
        basis = {{ judgment_basis() }},
        judged_until = null,
        judged_id = null,
        walked_to = null
    where job_id is null and basis is distinct from {{ judgment_basis() }};

    select
        judged_until,
        walked_to,
        walk_id,
        (
            select count(*) > {{ batch }}
            from (
                select 1 from {{ ref('stg_jobs') }}
                where status in ('completed', 'failed')
                limit {{ batch + 1 }}
            ) as closed_jobs
        ) as is_long,
        (
            select count(*) > {{ batch }}
            from (
                select 1 from {{ ref('stg_jobs') }}
                where
                    status in ('completed', 'failed')
                    and source_updated_at between {{ stuck_jobs.source_instant(jobs, 'updated_at', 'judged_until') }}
                    and 'infinity'
                limit {{ batch + 1 }}
            ) as changed_jobs
        ) as is_far_behind
    from {{ known_gaps }}
    where job_id is null
    for update
{%- endmacro %}
