select
    day,
    jobs,
    queue_wait_p50_seconds,
    queue_wait_p95_seconds,
    queue_wait_p99_seconds,
    run_time_p50_seconds,
    run_time_p95_seconds,
    run_time_p99_seconds,
    total_p50_seconds,
    total_p95_seconds,
    total_p99_seconds
from {schema}.job_durations
order by day desc
limit %(days)s
