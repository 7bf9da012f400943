select extract(epoch from clock_timestamp() - max(observed_at))::float8 as age
from {schema}.accumulation_history
