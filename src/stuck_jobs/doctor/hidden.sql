select problem
from {schema}.stg_watched_tables
where problem is not null
