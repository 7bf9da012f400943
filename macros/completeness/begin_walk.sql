{% macro begin_walk(known_gaps) -%}
    update {{ known_gaps }} as known_gaps
    set
        walked_to = {{ stuck_jobs.key_bounds().least }},
        walk_id = (
            select jobs.job_id from {{ ref('stg_jobs') }} as jobs
            order by jobs.job_id desc
            limit 1
        ),
        walk_until = {{ stuck_jobs.horizon() }},
        walk_xid = {{ stuck_jobs.oldest_transaction() }}
    where known_gaps.job_id is null
{%- endmacro %}
