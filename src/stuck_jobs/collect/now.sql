-- A transaction has an id once it has written, or locked a row. Whoever stays in one for longer than a minute pushes no
-- message in it, and must not make every snapshot an old one.
select least(clock_timestamp(), min(xact_start))
from pg_stat_activity
where
    datname = current_database()
    and pid <> pg_backend_pid()
    and backend_type = 'client backend'
    and backend_xid is not null
    and xact_start > clock_timestamp() - interval '1 minute'
