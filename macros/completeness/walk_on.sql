{% macro walk_on(known_gaps, incomplete_jobs, marks) -%}
    {%- set batch = var('completeness_batch_jobs') -%}
    with batch as materialized (
        select job_id
        from {{ ref('stg_jobs') }}
        where job_id > {{ marks.walked_to }} and job_id <= {{ marks.walk_id }}
        order by job_id
        limit {{ batch }}
    ),

    reached as (
        select
            max(job_id) as last_id,
            case when count(*) = {{ batch }} then max(job_id) end as walked_to
        from batch
    ),

    candidates as (
        select * from {{ ref('stg_jobs') }}
        where
            job_id between {{ marks.walked_to + 1 }} and (select reached.last_id from reached)
            and status in ('completed', 'failed')
    ),

    found as (
        insert into {{ known_gaps }} (job_id)
        {{ incomplete_jobs | indent(8) }}
        on conflict do nothing
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
