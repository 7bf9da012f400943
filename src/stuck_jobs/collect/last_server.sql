select server, evicted, is_known, whole_since
from {raw}.queue_servers
order by snapshot_id desc
limit 1
