select
    concat_ws(':', nodename, nodeport) as name,
    success,
    result
from run_command_on_workers(%(command)s)
order by nodename, nodeport
