-- Points that cannot be judged whole although there is fresh evidence. It does not reach far enough back: a queue with
-- an old message may be served or not, until it has been looked at for as long as the limit. Or it was cut: what is
-- looked for may be in the part that nobody read. Where the check goes view by view, also those of which there are more
-- items than were judged.
{% if not execute %}
{% for model in bounded_detections().values() %}
-- depends_on: {{ ref(model) }}
{% endfor %}
{% endif %}

select
    'queue_unserved' as accumulation_point,
    string_agg(
        concat(
            'the snapshots do not reach back far enough to tell whether queue ', queue_name,
            ' is served: the first of them is of ', {{ ago('idle_since') }}
        ), '; ' order by queue_name
    ) as problems,
    false as is_part
from {{ ref('int_idle_queues') }}
where
    waiting_since < observed_at - {{ max_age('queue_unserved') }}
    and coalesce(idle_since >= observed_at - {{ max_age('queue_unserved') }}, true)
    and not is_change_seen
having count(*) > 0
{% if not execute or has_queues() %}
union all
select
    accumulation_point,
    string_agg(
        concat(messages_read, ' of ', depth, ' messages of ', queue_name, ' (', kind, ') were read'), '; '
        order by queue_name, kind
    ) as problems,
    true as is_part
from {{ ref('int_cut_lists') }}
group by accumulation_point
{% endif %}
{% if is_distributed() %}
{% for detection, model in bounded_detections().items() if detection in detections_in_use() %}
union all
select
    accumulation_point,
    {{ at_least() | indent }} as problems,
    true as is_part
from {{ ref(model) }}
where is_beyond
{% endfor %}
{% endif %}
{% if not is_left_out('stg_unproven_points') %}
union all
select
    accumulation_point,
    problem as problems,
    false as is_part
from {{ ref('stg_unproven_points') }}
{% endif %}
