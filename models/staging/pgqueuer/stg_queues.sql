-- The entrypoints of which something waits, with when a job of each was last picked. Workers leave no trace but on what
-- they hold, so that how many are idle is not known.
{{ config(enabled=is_system('pgqueuer')) }}
{% set begin = as_of() ~ ' - ' ~ max_age('queue_unserved') %}

with waiting as (
    select distinct entrypoint
    from {{ source('pgqueuer', 'jobs') }}
    where status = 'queued'
),

recently_picked as (
    select
        entrypoint,
        max(created) as last_picked_at
    from {{ source('pgqueuer', 'log') }}
    where status = 'picked' and created between {{ begin }} and {{ latest_plausible() }}
    group by entrypoint
)

select
    waiting.entrypoint as queue_name,
    recently_picked.last_picked_at as last_taken_at,
    null::bigint as living_workers
from waiting
left join recently_picked on waiting.entrypoint = recently_picked.entrypoint
