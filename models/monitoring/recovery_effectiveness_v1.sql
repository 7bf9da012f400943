-- Whether the remedies work: what was put right and stayed so, what got stuck again, and what could not be done.
with recoveries as (
    select * from {{ ref('stg_recovery_log') }}
),

stuck_items as (
    select * from {{ ref('stuck_items') }}
),

-- points overlap: whoever is stuck at another one with the same remedy, or was given up, was not cured
still_stuck as (
    select
        entity_type,
        entity_id,
        array_agg(accumulation_point) as accumulation_points,
        array_agg(remedy) as remedies
    from stuck_items
    group by entity_type, entity_id
),

attempts as (
    select
        recoveries.*,
        recovery_id < greatest(
            max(recovery_id) filter (where outcome = 'applied')
                over (partition by entity_type, entity_id, accumulation_point),
            max(recovery_id) filter (where outcome = 'applied')
                over (partition by entity_type, entity_id, remedy),
            max(recovery_id) filter (where outcome = 'applied' and remedy = 'fail')
                over (partition by entity_type, entity_id)
        ) as is_recovered_again
    from recoveries
),

judged as (
    select
        attempts.remedy,
        attempts.recovered_at,
        case
            when attempts.outcome <> 'applied' then attempts.outcome
            when attempts.is_recovered_again then 'restuck'
            when not coalesce(
                attempts.accumulation_point = any(still_stuck.accumulation_points)
                or attempts.remedy = any(still_stuck.remedies),
                false
            ) then 'cured'
            when attempts.recovered_at > {{ as_of() }} - {{ minutes(var('recovery_backoff_minutes')) }} then 'pending'
            else 'restuck'
        end as verdict
    from attempts
    left join still_stuck
        on attempts.entity_type = still_stuck.entity_type and attempts.entity_id = still_stuck.entity_id
)

select
    remedy,
    count(*) as attempts,
    count(*) filter (where verdict = 'cured') as cured,
    count(*) filter (where verdict = 'pending') as pending,
    count(*) filter (where verdict = 'restuck') as restuck,
    count(*) filter (where verdict = 'skipped') as skipped,
    count(*) filter (where verdict = 'failed') as failed,
    round(
        count(*) filter (where verdict = 'cured')::numeric
        / nullif(count(*) filter (where verdict in ('cured', 'restuck')), 0),
        4
    ) as cure_rate,
    max(recovered_at) as last_recovered_at
from judged
group by remedy
