select
    recoveries.entity_type,
    recoveries.entity_id,
    max(recoveries.recovered_at) as recovered_at,
    max(recoveries.recovered_at) < clock_timestamp() - %(backoff)s as had_its_time
from {raw}.recovery_log as recoveries
where recoveries.outcome = 'applied' and recoveries.remedy <> 'cancel'
group by recoveries.entity_type, recoveries.entity_id
