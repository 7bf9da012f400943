-- The rule that judges a live job that could go on, since when it counts, and the age from which it is stuck.
select
    rule,
    case when clock between '0002-01-01' and '9998-12-31' then clock end as since,
    extract(epoch from max_age)::bigint as seconds
from {schema}.int_job_clocks
where job_id = %(key)s
limit 1
