select attname::text, format_type(atttypid, null)
from pg_catalog.pg_attribute
where attrelid = %(table)s::regclass and attnum > 0 and not attisdropped
