{% macro changed_jobs(marks) -%}
    {%- set jobs = stuck_jobs.source_table('jobs') -%}
    select job_id
    from {{ ref('stg_jobs') }}
    where
        source_updated_at between
        coalesce((select {{ stuck_jobs.source_instant(jobs, 'updated_at', 'judged_until') }} from {{ marks }}), '-infinity')
        and 'infinity'
        and (
            age(row_version) > (select {{ stuck_jobs.transactions_since('judged_xid') }} from {{ marks }})
            and age(row_version) < 2147483647
        ) is not true
{%- endmacro %}
