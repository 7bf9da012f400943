-- Whether any executor lives, in one row. Each has sessions in this database all the time, with a name that its SDK
-- gives to them; whose they are is not said. A standby does not see them.
{{ config(enabled=is_system('dbos')) }}

select case when count(*) > 0 then true when not {{ is_standby() }} then false end as has_executor
from pg_catalog.pg_stat_activity
where
    datname = current_database()
    and starts_with(application_name, 'dbos_transact')
    and application_name <> 'dbos_transact_client'
