{% macro begin_walk(known_gaps) -%}
    update {{ known_gaps }} as known_gaps
    set
        walked_to = jobs.first_id - 1,
        walk_id = jobs.last_id,
        walk_until = {{ stuck_jobs.horizon() }},
        walk_xid = {{ stuck_jobs.oldest_transaction() }}
    from (
        select
            min(job_id) as first_id,
            max(job_id) as last_id
        from {{ ref('stg_jobs') }}
    ) as jobs
    where known_gaps.job_id is null
{%- endmacro %}
