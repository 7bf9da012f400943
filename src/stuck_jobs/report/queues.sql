select
    queue_name,
    kind,
    depth,
    case
        when isfinite(oldest_message_at) then extract(epoch from now() - oldest_message_at)::bigint
    end as oldest_seconds,
    extract(epoch from now() - observed_at)::bigint as observed_seconds_ago,
    complete,
    error
from {schema}.queue_depths
order by queue_name, array_position(array['main', 'retry', 'dead'], kind)
limit %(queues)s
