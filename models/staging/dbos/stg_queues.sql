-- The queues in which something waits, with when a workflow of each was last dispatched, by any of the executors that
-- live.
{{ config(enabled=is_system('dbos')) }}

with waiting as (
    select distinct queue_name
    from {{ source('dbos', 'jobs') }}
    where status in ('ENQUEUED', 'DELAYED')
),

recently_taken as (
    select
        queue_name,
        max(started_at_epoch_ms) as taken_ms
    from {{ source('dbos', 'jobs') }}
    where
        started_at_epoch_ms
        between {{ epoch_ms(as_of() ~ ' - ' ~ max_age('queue_unserved')) }} and {{ epoch_ms(latest_plausible()) }}
    group by queue_name
)

select
    waiting.queue_name,
    {{ from_epoch_ms('recently_taken.taken_ms') }} as last_taken_at,
    case when not executors.has_executor then 0 end::bigint as living_workers
from waiting
cross join {{ ref('base_dbos_executors') }} as executors
left join recently_taken on waiting.queue_name = recently_taken.queue_name
