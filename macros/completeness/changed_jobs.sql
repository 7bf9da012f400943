{% macro changed_jobs(marks) -%}
    {%- set jobs = stuck_jobs.source_table('jobs') -%}
    {#- the clocks of a zone repeat an hour each autumn -#}
    {%- set since = 'judged_until' if var('source_time_zone') == 'UTC' else "judged_until - interval '1 hour'" -%}
    select job_id
    from {{ ref('stg_jobs') }}
    where
        source_updated_at between
        coalesce((select {{ stuck_jobs.source_instant(jobs, 'updated_at', since) }} from {{ marks }}), '-infinity')
        and 'infinity'
        and (status in ('completed', 'failed')) is true -- in this form, so that no index but the one on the date serves
        and (
            age(row_version) > (select {{ stuck_jobs.transactions_since('judged_xid') }} from {{ marks }})
            and age(row_version) < 2147483647
        ) is not true
{%- endmacro %}
