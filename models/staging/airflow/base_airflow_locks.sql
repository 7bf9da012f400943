-- Whether the scheduler is kept from queueing anything, in one row: a task that a killed scheduler left behind keeps
-- its connection, and with it the locks on the pools. Seen only by who may see what the sessions of others do.
{{ config(enabled=is_system('airflow')) }}
{% set pools = source('airflow', 'pools') %}

select min(sessions.xact_start) as held_since
from pg_catalog.pg_locks as locks
inner join pg_catalog.pg_stat_activity as sessions on locks.pid = sessions.pid
where
    locks.relation = to_regclass({{ text_literal(pools.include(database=false)) }})
    and locks.database = (select oid from pg_catalog.pg_database where datname = current_database())
    and locks.mode = 'RowShareLock'
    and locks.granted
    and sessions.state = 'idle in transaction'
    and sessions.state_change < {{ as_of() }} - interval '1 minute'
