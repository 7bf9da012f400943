-- What a session of ours is like.
select
    current_setting('server_version') as server_version,
    current_setting('server_version_num')::integer / 10000 as major,
    current_setting('server_encoding') as server_encoding,
    current_setting('client_encoding') as client_encoding,
    current_setting('statement_timeout') as statement_timeout,
    current_setting('lock_timeout') as lock_timeout,
    current_setting('jit') as jit,
    current_setting('max_parallel_workers_per_gather') as parallel_workers,
    current_user::text as role_name,
    current_database()::text as database_name,
    pg_is_in_recovery() as is_standby,
    current_setting('transaction_read_only') = 'on' as is_read_only,
    -- who may have said so of all sessions; whatever else it is has no statement that takes it back
    case settings.source
        when 'database' then format('alter database %I', current_database())
        when 'user' then format('alter role %I', session_user)
        when 'database user' then format('alter role %I in database %I', session_user, current_database())
        when 'global' then 'alter role all'
    end as read_only_by
from pg_catalog.pg_settings as settings
where settings.name = 'default_transaction_read_only'
