{% macro unsettled_ids(known_gaps) -%}
    -- no marks, no judgment that holds: then everything that is closed is unsettled
    with marks as (
        select
            max(judged_until) as judged_until,
            max(judged_id) as judged_id,
            max(judged_xid) as judged_xid
        from {{ known_gaps }}
        where job_id is null and basis = {{ judgment_basis() }}
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
        job_id between (select judged_id + 1 from marks) and 9223372036854775807
        and (status in ('completed', 'failed')) is true
    union
    select job_id
    from {{ known_gaps }}
    where job_id is not null
{%- endmacro %}
