-- How much was stuck at each point, in at most so many steps of time.
with beginning as (
    select greatest(min(observed_at), now() - %(window)s) as since
    from {schema}.accumulation_history
),

steps as (
    select
        since,
        greatest((now() - since) / %(steps)s, interval '1 second') as step
    from beginning
)

select
    accumulation_history.accumulation_point,
    date_bin(steps.step, accumulation_history.observed_at, steps.since) as observed_at,
    max(accumulation_history.stuck_count) as stuck_count,
    bool_or(accumulation_history.state = 'unknown') as was_unknown
from {schema}.accumulation_history
inner join steps on steps.since <= accumulation_history.observed_at
group by 1, 2
order by 1, 2
