-- Every job that is not closed, whatever its status is called. Without a WITH clause, so that PostgreSQL flattens it
-- into what asks.
select *
from {{ ref('stg_jobs') }}
where {{ is_live() }}
