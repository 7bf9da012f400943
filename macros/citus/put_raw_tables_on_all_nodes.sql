{% macro put_raw_tables_on_all_nodes(schema) -%}
do $$
declare
    raw_table regclass;
begin
    if to_regclass('pg_catalog.pg_dist_partition') is null then
        return;
    end if;
    for raw_table in
        execute
            'select pg_class.oid::regclass from pg_catalog.pg_class
            where
                relnamespace = to_regnamespace($1)
                and relkind = ''r''
                and relname in (
                    ''queue_snapshots'', ''queue_messages'', ''job_locks'', ''messages_in_flight'', ''jobs_at_work'',
                    ''queue_servers'', ''queue_sightings'', ''recovery_log''
                )
                and exists (select 1 from pg_catalog.pg_dist_partition)
                and not exists (select 1 from pg_catalog.pg_dist_partition where logicalrelid = pg_class.oid)'
        using '{{ schema }}'
    loop
        execute 'drop trigger if exists sign_recovery on ' || raw_table;
        perform create_reference_table(raw_table);
        perform truncate_local_data_after_distributing_table(raw_table);
    end loop;
end
$$;
{%- endmacro %}
