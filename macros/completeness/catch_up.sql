{% macro catch_up(known_gaps, incomplete_jobs) -%}
    with candidates as (
        {{ stuck_jobs.unsettled_jobs(known_gaps) | indent(8) }}
    ),

    incomplete as materialized (
        {{ incomplete_jobs | indent(8) }}
    ),

    settled as (
        delete from {{ known_gaps }}
        where job_id is not null and job_id not in (select incomplete.job_id from incomplete)
    ),

    found as (
        insert into {{ known_gaps }} (job_id)
        select job_id from incomplete
        on conflict do nothing
    )

    update {{ known_gaps }}
    set
        judged_until = greatest(judged_until, {{ stuck_jobs.horizon() }}),
        judged_id = greatest(judged_id, (select max(jobs.job_id) from {{ ref('stg_jobs') }} as jobs)),
        judged_xid = greatest(judged_xid, {{ stuck_jobs.oldest_transaction() }})
    where job_id is null
{%- endmacro %}
