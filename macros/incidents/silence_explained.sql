{% macro silence_explained(items, bundles, witnesses) -%}
select
    keeping.fault,
    null::text[] as leading_item,
    stalled.bundle
from {{ witnesses }} as stalled
-- for each silence, of which there is at most one, so that the jobs are not counted where there is none
cross join lateral (
    select array[kept.kind, kept.scope] as fault
    from (
        select
            *,
            sum(jobs) over () as stuck_jobs
        from (
            select
                coalesce(bundles.fault[1], bundles.leading_item[1], {{ stuck_jobs.own_kind('items') }}) as kind,
                coalesce(bundles.fault[2], bundles.leading_item[2], {{ stuck_jobs.own_scope('items') }}) as scope,
                count(*) filter (where items.accumulation_point in ('job_created', 'job_queued')) as waiting_jobs,
                -- one that is lost has most often a status that it has had for too long
                greatest(
                    count(*) filter (where items.accumulation_point <> 'worker_lost'),
                    count(*) filter (where items.accumulation_point = 'worker_lost')
                ) as jobs
            from {{ items }} as items
            left join {{ bundles }} as bundles on items.bundle = bundles.bundle
            where
                items.accumulation_point in (
                    {% for point in stuck_jobs.detections().stale_jobs %}
                    '{{ point }}',
                    {% endfor %}
                    'worker_lost'
                )
            group by 1, 2
        ) as counted
    ) as kept
    where kept.stuck_jobs * 2 > stalled.tie::bigint
    order by kept.waiting_jobs desc, kept.jobs desc, kept.kind asc, kept.scope asc
    limit 1
) as keeping
where
    stalled.accumulation_point = 'pipeline_stalled'
    and stalled.bundle not in (select bundles.bundle from {{ bundles }} as bundles)
{%- endmacro %}
