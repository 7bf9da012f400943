-- Every job that is not closed, whatever its status is called. The gaps between the closed statuses are ranges of
-- the index on status, so that nothing is scanned to find a status that nobody has listed.
with jobs as (
    select * from {{ ref('stg_jobs') }}
)

select * from jobs
where
    (status >= '' and status < 'cancelled')
    or (status > 'cancelled' and status < 'completed')
    or (status > 'completed' and status < 'failed')
    or status > 'failed'
    or status is null
