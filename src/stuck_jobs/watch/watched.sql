-- Whether there are queues to look at, and a mark that another build of the views or procedures has.
select
    coalesce((select settings.redis_enabled from {schema}.int_recovery_settings as settings), false) as has_queues,
    (
        select md5(string_agg(concat_ws(' ', parts.oid, parts.xmin), ',' order by parts.oid))
        from (
            select pg_rewrite.oid, pg_rewrite.xmin
            from pg_catalog.pg_rewrite
            inner join pg_catalog.pg_class on pg_rewrite.ev_class = pg_class.oid
            where pg_class.relnamespace = %(schema)s::regnamespace
            union all
            select pg_proc.oid, pg_proc.xmin
            from pg_catalog.pg_proc
            where pg_proc.pronamespace = %(schema)s::regnamespace
        ) as parts
    ) as build
