-- Each limit beside how long healthy work takes there: a limit that healthy work often exceeds alarms for nothing, and
-- one that is far above it notices a stuck job too late.
with closed_jobs as (
    select
        *,
        least(work_ended_at, closed_at) as work_ended_in_time_at,
        greatest(work_ended_at, closed_at) as work_ended_late_at
    from {{ ref('int_job_lifecycles') }}
    where status = 'completed' and closed_at >= {{ analysed_since() }}
),

executions as (
    select * from {{ ref('int_analysed_executions') }}
    where status = 'completed'
),

outbox as (
    select * from {{ ref('stg_outbox') }}
    where created_at >= {{ analysed_since() }}
),

limits (accumulation_point, limit_seconds, observed) as (
    {{ age_limits() | indent }}
),

durations as materialized (
    select
        measure.observed,
        measure.seconds
    from closed_jobs
    cross join lateral (
        values
        ('queue_wait', {{ seconds_between('created_at', 'work_began_at') }}),
        ('run_time', {{ seconds_between('work_began_at', 'closed_at') }}),
        ('final_write', {{ seconds_between('work_ended_in_time_at', 'closed_at') }}),
        ('late_work', {{ seconds_between('closed_at', 'work_ended_late_at') }})
    ) as measure (observed, seconds)
    where
        measure.seconds is not null
        and (work_ended_at is not null or measure.observed in ('queue_wait', 'run_time'))
    union all
    select
        measure.observed,
        measure.seconds
    from executions
    cross join lateral (
        values
        ('execution_run', run_seconds),
        ('execution_total', total_seconds)
    ) as measure (observed, seconds)
    where measure.seconds is not null
    union all
    select
        'outbox_wait' as observed,
        {{ seconds_between('created_at', 'published_at') }} as seconds
    from outbox
    where {{ seconds_between('created_at', 'published_at') }} is not null
),

distributions as (
    select
        observed,
        count(*) as samples,
        {{- percentiles('seconds') }}
    from durations
    group by observed
),

beyond as (
    select
        limits.accumulation_point,
        count(*) as samples_beyond
    from limits
    inner join durations
        on limits.observed = durations.observed and limits.limit_seconds < durations.seconds
    group by limits.accumulation_point
),

judged as (
    select
        limits.accumulation_point,
        limits.limit_seconds,
        limits.observed,
        coalesce(distributions.samples, 0) as samples,
        distributions.p50_seconds,
        distributions.p95_seconds,
        distributions.p99_seconds,
        coalesce(beyond.samples_beyond, 0)::double precision / distributions.samples as share_beyond_limit
    from limits
    left join distributions on limits.observed = distributions.observed
    left join beyond on limits.accumulation_point = beyond.accumulation_point
    where limits.accumulation_point is not null
)

select
    accumulation_point,
    limit_seconds::double precision as limit_seconds,
    observed,
    samples,
    p50_seconds,
    p95_seconds,
    p99_seconds,
    share_beyond_limit,
    case
        when samples = 0 then 'no_data'
        when share_beyond_limit > 0.01 then 'too_tight'
        when limit_seconds > 10 * p99_seconds then 'too_loose'
        else 'fits'
    end as advice
from judged
