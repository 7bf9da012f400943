select
    pg_catalog.format_type(atttypid, null) as type,
    (select job_system = 'pipeline' from {schema}.int_recovery_settings) as has_names
from pg_catalog.pg_attribute
where attrelid = %(table)s::regclass and attname = 'job_id'
