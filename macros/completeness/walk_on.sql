{% macro walk_on(known_gaps, incomplete_jobs, marks) -%}
    {%- set batch = var('completeness_batch_jobs') -%}
    with batch as materialized (
        select
            job_id,
            status
        from {{ ref('stg_jobs') }}
        where job_id > {{ marks.walked_to }} and job_id <= {{ marks.walk_id }}
        order by job_id
        limit {{ batch }}
    ),

    found as (
        insert into {{ known_gaps }} (job_id)
        select batch.job_id
        from batch
        cross join lateral (
            select 1 from ({{ incomplete_jobs }}) as incomplete_jobs
            where incomplete_jobs.job_id = batch.job_id
            offset 0
        ) as incomplete
        where batch.status in ('completed', 'failed')
        on conflict do nothing
    ),

    reached as (
        select case when count(*) = {{ batch }} then max(job_id) end as walked_to
        from batch
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
