-- The transactions of all nodes, each by the clock of its own, which may be seconds away from the others. A role that may
-- not see since when others are in theirs takes a whole minute for it.
select least(
    clock_timestamp(),
    min(xact_start) filter (where backend_xid is not null and xact_start > clock_timestamp() - interval '1 minute'),
    case
        when not pg_has_role('pg_read_all_stats', 'usage') then clock_timestamp() - interval '1 minute'
    end
) - interval '5 seconds'
from citus_stat_activity
where datname = current_database() and backend_type = 'client backend' and global_pid is distinct from citus_backend_gpid()
