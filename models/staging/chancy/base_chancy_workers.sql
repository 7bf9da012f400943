-- The workers, with whether they live by their own time-out, which their rows tell; one of more than five minutes is
-- not believed. The row of a dead worker stays until another one beats.
{{ config(enabled=is_system('chancy')) }}

with rows_shown as (
    select
        workers.content ->> 'worker_id' as worker_id,
        workers.content -> 'queues' as queues,
        (workers.content ->> 'last_seen')::timestamptz as last_beat_at,
        (workers.content ->> 'expires_at')::timestamptz as expires_at
    from {{ unlogged_rows('workers') }} as workers (content)
),

timed as (
    select
        worker_id,
        queues,
        last_beat_at,
        least(coalesce(expires_at - last_beat_at, interval '90 seconds'), interval '5 minutes') as dead_after
    from rows_shown
)

select
    worker_id,
    queues,
    last_beat_at,
    dead_after,
    coalesce(last_beat_at between {{ as_of() }} - dead_after and {{ latest_plausible() }}, false) as is_alive
from timed
