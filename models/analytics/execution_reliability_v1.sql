-- How well each provider serves each region with each model: whom to send work to, and how long to wait for it.
with executions as (
    select * from {{ ref('int_analysed_executions') }}
    where status is distinct from 'duplicate_skipped'
),

counted as (
    select
        provider_id,
        region,
        model_id,
        count(*) as executions,
        count(*) filter (where is_finished) as finished,
        count(*) filter (where status = 'completed') as completed,
        count(*) filter (where is_timed_out) as timed_out,
        count(*) filter (where is_retried) as retried,
        {{- percentiles('case when is_finished then run_seconds end') }}
    from executions
    group by provider_id, region, model_id
)

select
    provider_id,
    region,
    model_id,
    executions,
    finished,
    completed,
    timed_out,
    retried,
    (completed::numeric / nullif(finished, 0))::numeric(5, 4) as success_rate,
    (timed_out::numeric / nullif(finished, 0))::numeric(5, 4) as timeout_rate,
    (retried::numeric / executions)::numeric(5, 4) as retry_rate,
    p50_seconds,
    p95_seconds,
    p99_seconds
from counted
