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

job_durations as (
    select
        {{ seconds_between('created_at', 'work_began_at') }} as queue_wait,
        {{ seconds_between('work_began_at', 'closed_at') }} as run_time,
        case when work_ended_at is not null then {{ seconds_between('work_ended_in_time_at', 'closed_at') }} end
            as final_write,
        case when work_ended_at is not null then {{ seconds_between('closed_at', 'work_ended_late_at') }} end
            as late_work
    from closed_jobs
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

all_durations as (
    select
        'queue_wait' as observed,
        queue_wait as seconds
    from job_durations
    union all
    select
        'run_time' as observed,
        run_time as seconds
    from job_durations
    union all
    select
        'final_write' as observed,
        final_write as seconds
    from job_durations
    union all
    select
        'late_work' as observed,
        late_work as seconds
    from job_durations
    union all
    select
        'execution_run' as observed,
        run_seconds as seconds
    from executions
    union all
    select
        'execution_total' as observed,
        total_seconds as seconds
    from executions
    union all
    select
        'outbox_wait' as observed,
        {{ seconds_between('created_at', 'published_at') }} as seconds
    from outbox
),

durations as materialized (
    select * from all_durations
    where seconds is not null
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
