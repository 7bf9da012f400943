-- Each of our views, which the digest on its rule tells, as one with the same columns that reads nothing.
select
    format('create or replace view %%I.%%I as select %%s where false', pg_namespace.nspname, pg_class.relname, shown.columns)
        as stub,
    format('comment on rule "_RETURN" on %%I.%%I is %%L', pg_namespace.nspname, pg_class.relname, 'set aside') as mark
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
inner join pg_catalog.pg_rewrite on pg_class.oid = pg_rewrite.ev_class
cross join lateral (
    select
        string_agg(
            format(
                'null::%%s%%s as %%I',
                format_type(pg_attribute.atttypid, pg_attribute.atttypmod),
                case
                    when pg_attribute.attcollation <> pg_type.typcollation
                        then ' collate ' || pg_attribute.attcollation::regcollation
                end,
                pg_attribute.attname
            ),
            ', '
            order by pg_attribute.attnum
        ) as columns
    from pg_catalog.pg_attribute
    inner join pg_catalog.pg_type on pg_attribute.atttypid = pg_type.oid
    where pg_attribute.attrelid = pg_class.oid and pg_attribute.attnum > 0
) as shown
where
    pg_namespace.nspname = %(schema)s
    and pg_class.relkind = 'v'
    and obj_description(pg_rewrite.oid, 'pg_rewrite') ~ '^[0-9a-f]{{32}} [0-9a-f]{{32}}$'
order by pg_class.relname
