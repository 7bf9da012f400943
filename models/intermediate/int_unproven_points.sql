-- Points that cannot be judged although there is fresh evidence: it does not reach far enough back. A queue with an old
-- message may be served or not, until it has been looked at for as long as the limit.
select
    'queue_unserved' as accumulation_point,
    string_agg(
        concat(
            'the snapshots do not reach back far enough to tell whether queue ', queue_name,
            ' is served: the first of them is of ', {{ ago('idle_since') }}
        ), '; ' order by queue_name
    ) as problems
from {{ ref('int_idle_queues') }}
where
    waiting_since < observed_at - {{ max_age('queue_unserved') }}
    and coalesce(idle_since >= observed_at - {{ max_age('queue_unserved') }}, true)
    and not is_change_seen
having count(*) > 0
