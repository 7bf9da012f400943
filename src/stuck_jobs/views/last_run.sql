select
    max(observed_at) as observed_at,
    extract(epoch from now() - max(observed_at))::float8 as age,
    array_agg(accumulation_point) as points
from {schema}.accumulation_history
where observed_at = (select max(observed_at) from {schema}.accumulation_history)
