-- Providers that fail a region: calls time out or start too cold, or are given up after their last retry.
with executions as (
    select * from {{ ref('int_recent_executions') }}
),

by_provider as (
    select
        provider_id,
        region,
        count(*) as executions,
        count(*) filter (where is_failed) as failures,
        count(*) filter (where is_timed_out or is_slow) as timeouts,
        count(*) filter (where is_slow and not is_timed_out and not is_failed) as cold_starts,
        count(*) filter (where is_failed and is_exhausted) as exhausted,
        min(created_at) filter (where is_timed_out or is_slow) as timed_out_since,
        min(created_at) filter (where is_failed and is_exhausted) as exhausted_since
    from executions
    group by provider_id, region
),

failing as (
    select
        by_provider.*,
        'provider_timeout' as accumulation_point,
        timed_out_since as stuck_since,
        case when cold_starts * 2 > timeouts then 'cold_start' else 'timed_out' end as cause
    from by_provider
    where
        timeouts >= {{ limit('provider_timeout', 'min_executions') }}
        and timeouts > {{ limit('provider_timeout', 'max_rate') }} * executions
    union all
    select
        by_provider.*,
        'provider_retries_exhausted' as accumulation_point,
        exhausted_since as stuck_since,
        'retries_exhausted' as cause
    from by_provider
    where exhausted > 0
)

select
    accumulation_point,
    'provider_region' as entity_type,
    concat_ws('/', coalesce(provider_id, ''), coalesce(region, '')) as entity_id,
    null::text as jobspec_id,
    'failing' as status,
    {{ believable('stuck_since') }} as stuck_since,
    {{ seconds_since(believable('stuck_since')) }} as age_seconds,
    0::bigint as threshold_seconds,
    cause,
    provider_id,
    region,
    executions,
    failures,
    timeouts,
    (failures::numeric / executions)::numeric(5, 4) as failure_rate
from failing
where accumulation_point in {{ enabled_points() }}
