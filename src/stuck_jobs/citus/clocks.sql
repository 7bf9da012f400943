select
    concat_ws(':', nodes.nodename, nodes.nodeport) as name,
    clocks.success,
    clocks.result,
    extract(epoch from clock_timestamp())::float8 as here
from run_command_on_all_nodes('select extract(epoch from clock_timestamp())') as clocks
inner join pg_catalog.pg_dist_node as nodes on clocks.nodeid = nodes.nodeid
order by nodes.nodeid
