{% macro catch_up(known_gaps, incomplete_jobs) -%}
    with unsettled as materialized (
        select job_id from ({{ stuck_jobs.unsettled_jobs(known_gaps) }}) as unsettled_jobs
    ),

    incomplete as materialized (
        select unsettled.job_id
        from unsettled
        cross join lateral (
            select 1 from ({{ incomplete_jobs }}) as incomplete_jobs
            where incomplete_jobs.job_id = unsettled.job_id
            offset 0
        ) as incomplete
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
