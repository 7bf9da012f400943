-- Whether the scheduler is kept from its work by a lock, in one row: a task that a killed scheduler left behind keeps
-- its connection, and with it what that had locked of pools, runs or tasks. Seen only by who may see what the sessions
-- of others do.
{{ config(enabled=is_system('airflow')) }}

select min(sessions.xact_start) as held_since
from pg_catalog.pg_locks as locks
inner join pg_catalog.pg_database as databases on locks.database = databases.oid
inner join pg_catalog.pg_stat_activity as sessions on locks.pid = sessions.pid
where
    locks.relation in (
        {%- for name in ['pools', 'jobs', 'executions'] %}
        to_regclass({{ text_literal(source('airflow', name).include(database=false)) }}){{ ',' if not loop.last }}
        {%- endfor %}
    )
    and databases.datname = current_database()
    and locks.mode in ('RowShareLock', 'RowExclusiveLock')
    and locks.granted
    and sessions.state = 'idle in transaction'
    and sessions.state_change < {{ as_of() }} - interval '10 seconds'
