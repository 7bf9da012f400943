-- A transaction has an id once it has written, or locked a row. Whoever stays in one for longer than a minute pushes no
-- message in it, and must not make every snapshot an old one. A role that may not see since when others are in theirs
-- takes a whole minute for it, if there is any.
select least(
    clock_timestamp(),
    min(xact_start) filter (where backend_xid is not null and xact_start > clock_timestamp() - interval '1 minute'),
    case
        when
            not pg_has_role('pg_read_all_stats', 'usage')
            and exists (
                select from pg_locks
                inner join pg_stat_activity as others on pg_locks.pid = others.pid
                where
                    pg_locks.locktype = 'transactionid'
                    and pg_locks.granted
                    and others.datname = current_database()
                    and others.pid <> pg_backend_pid()
            )
            then clock_timestamp() - interval '1 minute'
    end
)
from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
