-- What fails too much of late, as stuck items: providers that fail a region, and kinds of job that fail in a burst.
-- Both are counted in one pass over the recent executions, since there may be very many.
with by_group as (
    select
        provider_id,
        region,
        job_kind,
        queue_name,
        grouping(job_kind) = 0 as is_by_kind,
        count(*) as executions,
        count(*) filter (where is_failed) as failures,
        count(*) filter (where is_timed_out or is_slow) as timeouts,
        count(*) filter (where is_slow and not is_timed_out and not is_failed) as cold_starts,
        count(*) filter (where is_failed and is_exhausted) as exhausted,
        min(created_at) filter (where is_timed_out or is_slow) as timed_out_since,
        min(created_at) filter (where is_failed and is_exhausted) as exhausted_since,
        min(created_at) filter (where is_failed) as failed_since,
        max(created_at) filter (where is_failed) as last_failed_at
    from {{ ref('int_recent_executions') }}
    group by grouping sets ((provider_id, region), (job_kind, queue_name))
),

failing as (
    select
        by_group.*,
        'provider_timeout' as accumulation_point,
        timed_out_since as stuck_since,
        case when cold_starts * 2 > timeouts then 'cold_start' else 'timed_out' end as cause
    from by_group
    where
        not is_by_kind
        and timeouts >= {{ limit('provider_timeout', 'min_executions') }}
        and timeouts > {{ limit('provider_timeout', 'max_rate') }} * executions
    union all
    select
        by_group.*,
        'provider_retries_exhausted' as accumulation_point,
        exhausted_since as stuck_since,
        'retries_exhausted' as cause
    from by_group
    where not is_by_kind and exhausted > 0
    union all
    select
        by_group.*,
        'failure_burst' as accumulation_point,
        failed_since as stuck_since,
        'failing_often' as cause
    from by_group
    where
        is_by_kind
        and failures >= {{ limit('failure_burst', 'min_failures') }}
        and failures > {{ limit('failure_burst', 'max_rate') }} * executions
)

select
    accumulation_point,
    case when is_by_kind then 'job_kind' else 'provider_region' end as entity_type,
    case
        when is_by_kind then concat_ws('/', queue_name, job_kind)
        else concat_ws('/', coalesce(provider_id, ''), coalesce(region, ''))
    end as entity_id,
    null::text as jobspec_id,
    'failing' as status,
    {{ believable('stuck_since') }} as stuck_since,
    {{ seconds_since(believable('stuck_since')) }} as age_seconds,
    0::bigint as threshold_seconds,
    cause,
    queue_name,
    job_kind,
    case
        when is_by_kind
            then concat(
                failures, ' of ', executions, ' failed, the first ', {{ ago('failed_since') }}, ', the last ',
                {{ ago('last_failed_at') }},
                (
                    select concat('; ', errors.times, ' of them: ', errors.signature)
                    from (
                        select
                            {{ error_signature('recent.error') }} as signature,
                            count(*) as times
                        from {{ ref('int_recent_executions') }} as recent
                        where
                            recent.is_failed
                            and recent.job_kind is not distinct from failing.job_kind
                            and recent.queue_name is not distinct from failing.queue_name
                        group by signature
                        order by times desc, signature asc
                        limit 1
                    ) as errors
                )
            )
        else concat(timeouts, ' timed out or were slow and ', failures, ' failed, of ', executions)
    end as evidence,
    provider_id,
    region,
    executions,
    failures,
    timeouts,
    failed_since,
    last_failed_at,
    (failures::numeric / executions)::numeric(5, 4) as failure_rate
from failing
where accumulation_point in {{ enabled_points() }}
