-- How much of its limit each queue has used in its window, which is counted in seconds since 1970.
{{ config(enabled=is_system('chancy')) }}

select
    limits.content ->> 'queue' as queue_name,
    (limits.content ->> 'window_start')::bigint as window_start,
    (limits.content ->> 'count')::bigint as taken
from {{ unlogged_rows('rate_limits') }} as limits (content)
