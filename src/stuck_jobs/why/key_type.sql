select
    pg_catalog.format_type(atttypid, null) as type,
    coalesce((select job_system = 'pipeline' from {schema}.int_recovery_settings), false) as has_names
from pg_catalog.pg_attribute
where attrelid = %(table)s::regclass and attname = 'job_id'
