select
    snapshot_id,
    extract(epoch from clock_timestamp() - observed_at)::float8 as age,
    string_agg(distinct error, '; ') as error
from {raw}.queue_snapshots
group by snapshot_id, observed_at
order by snapshot_id desc
limit 1
