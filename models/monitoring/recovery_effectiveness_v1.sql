-- Whether the remedies work: what was put right and stayed so, what got stuck again, and what could not be done.
with recoveries as (
    select * from {{ ref('stg_recovery_log') }}
),

stuck_items as (
    select * from {{ ref('stuck_items') }}
),

still_stuck as (
    select distinct
        accumulation_point,
        entity_type,
        entity_id
    from stuck_items
),

-- the same thing at the same point: what is recovered again there was not cured before
attempts as (
    select
        recoveries.*,
        lead(recovered_at) over (
            partition by accumulation_point, entity_type, entity_id, outcome
            order by recovery_id
        ) as recovered_again_at
    from recoveries
),

judged as (
    select
        attempts.remedy,
        attempts.recovered_at,
        case
            when attempts.outcome <> 'applied' then attempts.outcome
            when attempts.recovered_again_at is not null then 'restuck'
            when still_stuck.entity_id is null then 'cured'
            when attempts.recovered_at > {{ as_of() }} - {{ minutes(var('recovery_backoff_minutes')) }} then 'pending'
            else 'restuck'
        end as verdict
    from attempts
    left join still_stuck
        on
            attempts.accumulation_point = still_stuck.accumulation_point
            and attempts.entity_type = still_stuck.entity_type
            and attempts.entity_id = still_stuck.entity_id
)

select
    remedy,
    count(*) as attempts,
    count(*) filter (where verdict = 'cured') as cured,
    count(*) filter (where verdict = 'pending') as pending,
    count(*) filter (where verdict = 'restuck') as restuck,
    count(*) filter (where verdict = 'skipped') as skipped,
    count(*) filter (where verdict = 'failed') as failed,
    (
        count(*) filter (where verdict = 'cured')::numeric
        / nullif(count(*) filter (where verdict in ('cured', 'restuck')), 0)
    )::numeric(5, 4) as cure_rate,
    max(recovered_at) as last_recovered_at
from judged
group by remedy
