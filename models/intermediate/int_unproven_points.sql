-- Points that cannot be judged whole although there is fresh evidence. It does not reach far enough back: a queue with
-- an old message may be served or not, until it has been looked at for as long as the limit. Or there is too much of
-- it: then what was found is a part of what there is.
{% set most = var('judged_live_jobs') %}
{% set enabled = enabled_points() %}
{% set has_executions = not execute or not is_left_out('stg_executions') %}

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
{% if has_executions and (not execute or "'job_not_closed'" in enabled) %}
union all
select
    'job_not_closed' as accumulation_point,
    'at least as many: of the jobs whose executions have all ended {{ most }} were judged' as problems,
    true as is_part
from (
    -- of their rows, since to find some in an index it would walk all that are closed
    select count(coalesce(jobspec_id, '')) as jobs
    from (select jobspec_id from {{ ref('int_live_jobs') }} limit {{ most + 1 }}) as live_jobs
) as live
where
    live.jobs > {{ most }}
    and exists (select from ({{ finished_jobs() | indent(8) }}) as finished offset {{ most }})
{% endif %}
{% if has_executions and (not execute or "'job_interrupted'" in enabled) %}
union all
select
    'job_interrupted' as accumulation_point,
    'at least as many: of the jobs that are in work for too long {{ most }} were judged' as problems,
    true as is_part
from (
    select from {{ ref('int_live_jobs') }}
    where status = 'processing' and updated_at < {{ as_of() }} - {{ max_age('job_interrupted') }}
    limit {{ most + 1 }}
) as overdue_jobs
having count(*) > {{ most }}
{% endif %}
{% if not is_left_out('stg_unproven_points') %}
union all
select
    accumulation_point,
    problem as problems,
    false as is_part
from {{ ref('stg_unproven_points') }}
{% endif %}
