{% macro overdue_jobs() -%}
    select
        job_id,
        jobspec_id,
        status,
        updated_at
    from {{ ref('stg_jobs') }}
    where status = 'processing' and updated_at < {{ as_of() }} - {{ stuck_jobs.max_age('job_interrupted') }}
{%- endmacro %}
