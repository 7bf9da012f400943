{% macro catch_up(known_gaps, incomplete_jobs, most) -%}
    with unsettled as materialized (
        select
            job_ids,
            cardinality(job_ids) <= most as is_few
        from (
            select
                {{ most }} + (select count(*) from {{ known_gaps }})
                + (select count(*) from {{ ref('stg_jobs') }} where source_updated_at is null) as most
        ) as limits
        cross join lateral (
            select array(
                select job_id from ({{ stuck_jobs.unsettled_ids(known_gaps) | indent(16) }}) as unsettled_ids
                limit limits.most + 1
            ) as job_ids
            offset 0 -- so that they are found once
        ) as unsettled_jobs
    ),

    candidates as (
        select * from (
            select * from {{ ref('stg_jobs') }}
            where
                job_id = any((select unsettled.job_ids from unsettled)::{{ stuck_jobs.source_key_type('jobs') }}[])
                and (select unsettled.is_few from unsettled)
            offset 0
        ) as unsettled_jobs
        where status in ('completed', 'failed')
    ),

    incomplete as materialized (
        {{ incomplete_jobs | indent(8) }}
    ),

    settled as (
        delete from {{ known_gaps }}
        where
            job_id is not null
            and job_id not in (select incomplete.job_id from incomplete)
            and (select unsettled.is_few from unsettled)
    ),

    found as (
        insert into {{ known_gaps }} as known_gaps (job_id, executions, gaps, is_interrupted)
        select
            incomplete.job_id,
            incomplete.executions,
            incomplete.gaps,
            incomplete.is_interrupted
        from incomplete
        {{ stuck_jobs.keep_judgment() }}
    )

    update {{ known_gaps }}
    set
        judged_until = greatest(judged_until, {{ stuck_jobs.horizon() }}),
        judged_id = greatest(judged_id, (
            select jobs.job_id from {{ ref('stg_jobs') }} as jobs
            order by jobs.job_id desc
            limit 1
        )),
        judged_xid = greatest(judged_xid, {{ stuck_jobs.oldest_transaction() }})
    where job_id is null and (select unsettled.is_few from unsettled)
    returning judged_until
{%- endmacro %}
