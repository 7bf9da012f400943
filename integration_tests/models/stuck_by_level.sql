-- What a dashboard shows, built on the package's views and on a model of a name that both have.
with stuck_items as (
    select * from {{ ref('stuck_jobs', 'stuck_items', v=1) }}
),

job_status as (
    select * from {{ ref('job_status') }}
)

select
    stuck_items.level,
    job_status.whose,
    count(*) as items
from stuck_items
cross join job_status
group by stuck_items.level, job_status.whose
