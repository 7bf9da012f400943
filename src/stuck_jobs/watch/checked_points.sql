-- What a check has just written; the time is there for the index.
select
    {judged_columns}
from {schema}.accumulation_history
where run_id = %(run_id)s and observed_at > now() - interval '1 hour'
