-- How many of the jobs that asked for a region got all that they asked of it.
{% set jobs = source_table('jobs') %}

with jobs as (
    select * from {{ ref('stg_jobs') }}
),

execution_cells as not materialized (
    select * from {{ ref('int_execution_cells') }}
),

closed_jobs as (
    select job_id
    from jobs
    where
        status in ('completed', 'failed')
        and {{ closed_at() }} >= {{ analysed_since() }}
        and {{ closed_at() }} < {{ as_of() }} - {{ max_age('execution_missing') }}
        and source_updated_at >= {{ source_instant(jobs, 'updated_at', analysed_since()) }}
),

regions_of_jobs as (
    select
        cells.region,
        cells.is_complete
    from closed_jobs
    cross join lateral (
        select
            execution_cells.region,
            bool_and(execution_cells.is_written) as is_complete
        from execution_cells
        where execution_cells.job_id = closed_jobs.job_id
        group by execution_cells.region
        offset 0
    ) as cells
)

select
    region,
    count(*) as jobs_expecting,
    count(*) filter (where is_complete) as jobs_complete,
    (count(*) filter (where is_complete)::numeric / count(*))::numeric(5, 4) as coverage_rate
from regions_of_jobs
group by region
