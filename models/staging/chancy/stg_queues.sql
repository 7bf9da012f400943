-- The queues in which something waits, with when a job was last taken from each, and how many workers that live serve
-- it. The first beat of a worker names no queue yet, and the beats of one that drains name none any more.
{{ config(enabled=is_system('chancy')) }}

with waiting as (
    select distinct queue
    from {{ source('chancy', 'jobs') }}
    where state in ('pending', 'retrying')
),

recently_taken as (
    select
        queue,
        max(started_at) as last_taken_at
    from {{ source('chancy', 'jobs') }}
    where started_at between {{ as_of() }} - {{ max_age('queue_unserved') }} and {{ latest_plausible() }}
    group by queue
)

select
    waiting.queue as queue_name,
    recently_taken.last_taken_at,
    (
        select count(*) from {{ ref('base_chancy_workers') }} as workers
        where workers.is_alive and workers.queues ? waiting.queue
    ) as living_workers
from waiting
left join recently_taken on waiting.queue = recently_taken.queue
