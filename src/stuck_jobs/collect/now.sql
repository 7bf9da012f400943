-- Whoever stays in a transaction for longer writes no message in it, and must not make every snapshot an old one.
select least(clock_timestamp(), min(xact_start))
from pg_stat_activity
where
    datname = current_database()
    and pid <> pg_backend_pid()
    and backend_type = 'client backend'
    and (backend_xid is not null or state = 'idle in transaction')
    and xact_start > clock_timestamp() - interval '1 minute'
