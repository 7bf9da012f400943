-- How long jobs wait and run, by the day on which they were closed, so that a pipeline that slows down is seen before
-- its jobs are stuck.
with closed_jobs as (
    select * from {{ ref('int_job_lifecycles') }}
    where status in ('completed', 'failed') and closed_at >= {{ analysed_since() }}
),

measured as (
    select
        (closed_at at time zone interval '0')::date as day,
        {{ seconds_between('created_at', 'work_began_at') }} as queue_wait,
        {{ seconds_between('work_began_at', 'closed_at') }} as run_time,
        {{ seconds_between('created_at', 'closed_at') }} as total
    from closed_jobs
)

select
    day,
    count(*) as jobs,
    {{- percentiles('queue_wait', 'queue_wait_') }},
    {{- percentiles('run_time', 'run_time_') }},
    {{- percentiles('total', 'total_') }}
from measured
group by day
