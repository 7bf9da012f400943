{% macro live_entries() -%}
    {%- set jobs = adapter.quote(stuck_jobs.source_schema()) ~ '.' ~ adapter.quote(stuck_jobs.job_system().tables.jobs.name) -%}
    count(job_id) from (
        {%- for range in stuck_jobs.live_status_ranges() %}
        select job_id from {{ ref('stg_jobs') }} where {{ range }}
        {%- if not loop.last %} union all {%- endif %}
        {%- endfor %}
    ) as live_jobs
    where exists (
        select 1 from pg_catalog.pg_index
        inner join pg_catalog.pg_attribute on attrelid = indrelid and attnum = indkey[0]
        where indrelid = {{ stuck_jobs.text_literal(jobs) }}::regclass
            and attname = 'status'
    )
{%- endmacro %}
