{% macro silence_explained(items, bundles, witnesses) -%}
select
    keeping.fault,
    null::text[] as leading_item,
    stalled.bundle
from {{ witnesses }} as stalled
-- for each silence, of which there is at most one, so that the jobs are not counted where there is none
cross join lateral (
    select kept.fault
    from (
        select
            coalesce(
                bundles.fault,
                bundles.leading_item,
                array[{{ stuck_jobs.own_kind('items') }}, {{ stuck_jobs.own_scope('items') }}]
            ) as fault,
            count(distinct items.bundle) as jobs,
            count(distinct items.bundle) filter (
                where items.accumulation_point in ('job_created', 'job_queued')
            ) as waiting_jobs,
            sum(count(distinct items.bundle)) over () as stuck_jobs
        from {{ items }} as items
        left join {{ bundles }} as bundles on items.bundle = bundles.bundle
        where
            items.accumulation_point in (
                {% for point in stuck_jobs.detections().stale_jobs %}
                '{{ point }}',
                {% endfor %}
                'worker_lost'
            )
        group by 1
    ) as kept
    where kept.stuck_jobs * 2 > stalled.tie::bigint
    order by kept.waiting_jobs desc, kept.jobs desc, kept.fault asc
    limit 1
) as keeping
where
    stalled.accumulation_point = 'pipeline_stalled'
    and stalled.bundle not in (select bundles.bundle from {{ bundles }} as bundles)
{%- endmacro %}
