{% macro closed_job(job_id) -%}
    select
        jobs.job_id,
        jobs.status
    from jobs
    where
        live_jobs.job_id is null
        and jobs.job_id = {{ job_id }}
        and jobs.status in ('completed', 'failed', 'cancelled')
    limit 1
{%- endmacro %}
