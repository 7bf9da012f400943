{% macro idle_locks_body(tables) %}
begin
    return (
        select min(sessions.xact_start)
        from pg_catalog.pg_locks as locks
        inner join pg_catalog.pg_database as databases on locks.database = databases.oid
        inner join pg_catalog.pg_stat_activity as sessions on locks.pid = sessions.pid
        where
            locks.relation in (
                {%- for table in tables %}
                {%- set name = adapter.quote(stuck_jobs.source_schema()) ~ '.' ~ adapter.quote(stuck_jobs.table_name(table)) %}
                to_regclass({{ stuck_jobs.text_literal(name) }}){{ ',' if not loop.last }}
                {%- endfor %}
            )
            and databases.datname = current_database()
            and locks.mode in ('RowShareLock', 'RowExclusiveLock')
            and locks.granted
            and sessions.state = 'idle in transaction'
            and sessions.state_change < {{ as_of() }} - interval '10 seconds'
    );
end
{% endmacro %}
