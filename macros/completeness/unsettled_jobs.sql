{% macro unsettled_jobs(known_gaps) -%}
    with jobs as not materialized (
        select * from {{ ref('stg_jobs') }}
    ),

    -- no marks, no judgment that holds: then everything that is closed is unsettled
    marks as (
        select
            max(judged_until) as judged_until,
            max(judged_id) as judged_id,
            max(judged_xid) as judged_xid
        from {{ known_gaps }}
        where job_id is null and basis = {{ judgment_basis() }}
    ),

    candidates as (
        {{ stuck_jobs.changed_jobs('marks') }}
        union
        select job_id
        from jobs
        where status in ('completed', 'failed') and source_updated_at is null
        union
        select job_id
        from jobs
        where job_id between (select judged_id + 1 from marks) and 9223372036854775807
        union
        select job_id
        from {{ known_gaps }}
        where job_id is not null
    )

    select job.*
    from candidates
    cross join lateral (
        select * from jobs
        where jobs.job_id = candidates.job_id and jobs.status in ('completed', 'failed')
        offset 0
    ) as job
{%- endmacro %}
