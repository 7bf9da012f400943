select recovery_id, before ->> 'mark' as mark
from {log}
where remedy = 'requeue' and outcome = 'failed' and reason = %(reason)s
order by recovery_id
