{% macro unjudged_ids(known_gaps) -%}
    -- no marks, no judgment that holds: then everything that is closed is unsettled
    with marks as (
        select
            max(judged_until) as judged_until,
            (array_agg(judged_id))[1] as judged_id,
            max(judged_xid) as judged_xid
        from {{ known_gaps }}
        where job_id is null and basis = (select current.basis from {{ ref('stg_judgment_basis') }} as current)
    )

    {{ stuck_jobs.changed_jobs('marks') }}
    union
    select job_id
    from {{ ref('stg_jobs') }}
    where status in ('completed', 'failed') and source_updated_at is null
    union
    select job_id
    from {{ ref('stg_jobs') }}
    where
        job_id > (select judged_id from marks)
        and job_id <= {{ stuck_jobs.key_bounds().greatest }} -- a range, which the planner takes for a narrow one
        and (status in ('completed', 'failed')) is true
{%- endmacro %}
