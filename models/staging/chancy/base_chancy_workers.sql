-- The workers, with whether they live. Whoever leads judges all by its own time-out; the shortest that any row tells is
-- taken for it, and one of more than five minutes is not believed. The row of a dead worker stays until another beats.
-- A date that nobody can reckon with counts as not there, and so does a time-out that ends before it begins.
{{ config(enabled=is_system('chancy')) }}

with rows_shown as (
    select
        workers.content ->> 'worker_id' as worker_id,
        workers.content -> 'queues' as queues,
        {{ reckonable("(workers.content ->> 'last_seen')::timestamptz") | indent }} as last_beat_at,
        {{ reckonable("(workers.content ->> 'expires_at')::timestamptz") | indent }} as expires_at
    from {{ unlogged_rows('workers') }} as workers (content)
),

timed as (
    select
        worker_id,
        queues,
        last_beat_at,
        least(
            coalesce(
                min(expires_at - last_beat_at) filter (where expires_at > last_beat_at) over (), interval '90 seconds'
            ),
            interval '5 minutes'
        ) as dead_after
    from rows_shown
)

select
    worker_id,
    queues,
    last_beat_at,
    dead_after,
    coalesce(last_beat_at between {{ as_of() }} - dead_after and {{ latest_plausible() }}, false) as is_alive
from timed
