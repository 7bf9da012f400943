-- Every job that is not closed, whatever its status is called.
with jobs as (
    select * from {{ ref('stg_jobs') }}
)

select * from jobs
where {{ is_live() }}
