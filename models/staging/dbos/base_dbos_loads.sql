-- The queues that have a limit, and their partitions, with whether one is reached and when room was last made: those
-- that wait could not run before. The limit of one process is taken for reached as soon as as many run anywhere.
{{ config(enabled=is_system('dbos')) }}
{% set now_ms = epoch_ms(as_of()) %}

with limited as (
    select
        name,
        concurrency,
        worker_concurrency,
        rate_limit_max,
        rate_limit_period_sec,
        partition_concurrency,
        partition_worker_concurrency,
        partition_rate_limit_max,
        partition_rate_limit_period_sec
    from {{ source('dbos', 'queues') }}
    where
        coalesce(
            concurrency, worker_concurrency, rate_limit_max, partition_concurrency, partition_worker_concurrency,
            partition_rate_limit_max
        ) is not null
),

in_flight as (
    select
        queue_name,
        queue_partition_key,
        count(*) filter (where status = 'PENDING') as running
    from {{ source('dbos', 'jobs') }}
    where status in ('ENQUEUED', 'PENDING') and queue_name in (select limited.name from limited)
    group by queue_name, queue_partition_key
),

-- what ended within the limit of job_queued; before that it excuses nobody
ended as (
    select
        queue_name,
        max(completed_at) as ended_ms
    from {{ source('dbos', 'jobs') }}
    where
        completed_at between {{ epoch_ms(as_of() ~ ' - ' ~ max_age('job_queued')) }} and {{ now_ms }}
        and queue_name is not null
    group by queue_name
),

loads as (
    select
        limited.*,
        in_flight.queue_partition_key,
        in_flight.running as running_in_partition,
        sum(in_flight.running) over (partition by in_flight.queue_name) as running,
        ended.ended_ms,
        (
            select newest.started_at_epoch_ms + limited.rate_limit_period_sec * 1000
            from {{ source('dbos', 'jobs') }} as newest
            where
                newest.queue_name = limited.name
                and newest.rate_limited
                and newest.started_at_epoch_ms <= {{ epoch_ms(latest_plausible()) }}
                and newest.status not in ('ENQUEUED', 'DELAYED')
            order by newest.started_at_epoch_ms desc
            limit 1 offset greatest(limited.rate_limit_max - 1, 0)
        ) as rate_frees_ms,
        (
            select newest.started_at_epoch_ms + limited.partition_rate_limit_period_sec * 1000
            from {{ source('dbos', 'jobs') }} as newest
            where
                newest.queue_name = limited.name
                and newest.queue_partition_key = in_flight.queue_partition_key
                and newest.rate_limited
                and newest.started_at_epoch_ms <= {{ epoch_ms(latest_plausible()) }}
                and newest.status not in ('ENQUEUED', 'DELAYED')
            order by newest.started_at_epoch_ms desc
            limit 1 offset greatest(limited.partition_rate_limit_max - 1, 0)
        ) as partition_rate_frees_ms
    from limited
    inner join in_flight on limited.name = in_flight.queue_name
    left join ended on limited.name = ended.queue_name
)

select
    name as queue_name,
    queue_partition_key,
    coalesce(
        running >= least(concurrency, worker_concurrency)
        or (
            queue_partition_key is not null
            and running_in_partition >= least(partition_concurrency, partition_worker_concurrency)
        )
        or greatest(rate_frees_ms, partition_rate_frees_ms) > {{ now_ms }},
        false
    ) as is_full,
    case
        when greatest(ended_ms, rate_frees_ms, partition_rate_frees_ms) between 0 and {{ now_ms }}
            then greatest(ended_ms, rate_frees_ms, partition_rate_frees_ms)::bigint
    end as freed_ms
from loads
