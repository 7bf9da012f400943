select distinct
    recoveries.accumulation_point,
    recoveries.entity_type,
    recoveries.entity_id
from {raw}.recovery_log as recoveries
where
    recoveries.outcome = 'applied'
    and recoveries.run_id <> %(run_id)s
    and recoveries.accumulation_point is not null
