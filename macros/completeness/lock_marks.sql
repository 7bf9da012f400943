{% macro lock_marks(known_gaps) -%}
    {%- set batch = var('completeness_batch_jobs') -%}
    update {{ known_gaps }}
    set
        basis = (select current.basis from {{ ref('stg_judgment_basis') }} as current),
        judged_until = null,
        judged_id = null,
        judged_xid = null,
        walked_to = null
    where job_id is null and basis is distinct from (
        select current.basis from {{ ref('stg_judgment_basis') }} as current
    );

    with marks as (
        select
            judged_until,
            walked_to,
            walk_id
        from {{ known_gaps }}
        where job_id is null
        for update
    )

    select
        judged_until,
        walked_to,
        walk_id,
        (
            select count(*) > {{ batch }}
            from (
                select 1 from {{ ref('stg_jobs') }}
                where status in ('completed', 'failed')
                limit {{ batch + 1 }}
            ) as closed_jobs
        ) as is_long
    from marks
{%- endmacro %}
