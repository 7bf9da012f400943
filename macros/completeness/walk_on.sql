{% macro walk_on(known_gaps, incomplete_jobs, walked_to, walk_id) -%}
    {%- set batch = var('completeness_batch_jobs') -%}
    with batch as materialized (
        select job_id
        from {{ ref('stg_jobs') }}
        where job_id > {{ walked_to }} and job_id <= {{ walk_id }}
        order by job_id
        limit {{ batch }}
    ),

    reached as (
        select
            last_id,
            case when jobs = {{ batch }} then last_id end as walked_to
        from (
            select
                (select batch.job_id from batch order by batch.job_id desc limit 1) as last_id,
                (select count(*) from batch) as jobs
        ) as counted
    ),

    candidates as (
        select * from {{ ref('stg_jobs') }}
        where
            job_id > {{ walked_to }} and job_id <= (select reached.last_id from reached)
            and status in ('completed', 'failed')
    ),

    found as (
        insert into {{ known_gaps }} as known_gaps (job_id, executions, gaps, is_interrupted)
        {{ incomplete_jobs | indent(8) }}
        {{ stuck_jobs.keep_judgment() }}
    )

    update {{ known_gaps }} as known_gaps
    set
        walked_to = reached.walked_to,
        judged_until = case
            when reached.walked_to is null then greatest(judged_until, walk_until) else judged_until
        end,
        judged_id = case
            when reached.walked_to is null then greatest(judged_id, walk_id) else judged_id
        end,
        judged_xid = case
            when reached.walked_to is null then greatest(judged_xid, walk_xid) else judged_xid
        end
    from reached
    where known_gaps.job_id is null
    returning known_gaps.walked_to
{%- endmacro %}
