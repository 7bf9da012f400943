{% macro incidents_of(item_faults) -%}
with registry (accumulation_point, level, max_count, severity, remedy, evidence) as (
    {{ stuck_jobs.registry_values() }}
),

folded as (
    select
        kind,
        scope,
        accumulation_point,
        count(*) as items,
        count(jobspec_id) filter (where scattered_job is null) as jobs,
        count(*) filter (where names_fault) as naming_items,
        min(stuck_since) as started_at,
        min(stuck_since) filter (where names_fault) as named_at
    from {{ item_faults }}
    group by kind, scope, accumulation_point
),

-- apart, so that nothing is sorted
scattered as (
    select
        kind,
        scope,
        count(*) as jobs
    from (
        select distinct
            kind,
            scope,
            scattered_job
        from {{ item_faults }}
        where scattered_job is not null
    ) as jobs_at_several_points
    group by kind, scope
),

grouped as (
    select
        folded.kind,
        folded.scope,
        case when bool_or(registry.severity = 'error') then 'error' else 'warn' end as severity,
        array_agg(folded.accumulation_point order by folded.accumulation_point) as points,
        sum(folded.items)::bigint as items,
        (sum(folded.jobs) + coalesce(max(scattered.jobs), 0))::bigint as jobs,
        sum(folded.naming_items)::bigint as naming_items,
        min(folded.started_at) as started_at,
        case
            when sum(folded.naming_items) > 0 then min(folded.named_at)
            else min(folded.started_at)
        end as led_since
    from folded
    inner join registry on folded.accumulation_point = registry.accumulation_point
    left join scattered on folded.kind = scattered.kind and folded.scope = scattered.scope
    group by folded.kind, folded.scope
),

-- the oldest item that names the fault, or else the oldest, tells of it
leaders as (
    select distinct on (items.kind, items.scope)
        items.kind,
        items.scope,
        items.accumulation_point,
        items.cause,
        items.evidence
    from {{ item_faults }} as items
    inner join grouped
        on
            items.kind = grouped.kind
            and items.scope = grouped.scope
            and coalesce(items.stuck_since, 'infinity') = coalesce(grouped.led_since, 'infinity')
    where items.names_fault or grouped.naming_items = 0
    order by items.kind, items.scope, items.accumulation_point, items.entity_id, items.cause, items.evidence
),

led as (
    select
        grouped.*,
        leaders.accumulation_point as first_point,
        leaders.cause,
        leaders.evidence,
        registry.remedy
    from grouped
    inner join leaders on grouped.kind = leaders.kind and grouped.scope = leaders.scope
    inner join registry on leaders.accumulation_point = registry.accumulation_point
)

select
    {{ stuck_jobs.incident_id('kind', 'scope') }} as incident_id,
    kind,
    started_at,
    {{ as_of() }} as last_seen_at,
    severity,
    points,
    items,
    jobs,
    scope,
    case kind
        when 'worker_crash'
            then concat(
                case
                    when scope like 'worker %' then concat('The ', scope, ' fell silent')
                    else concat('A worker fell silent at ', scope, ' UTC')
                end,
                ', jobs stuck: ', jobs
            )
        when 'queue_unserved' then concat('Nobody serves the queue ', scope, ', jobs waiting: ', jobs)
        when 'conductor_dead' then concat('The ', scope, ' is silent, items: ', items)
        when 'redis_untrusted' then concat('What Redis shows is no proof, items: ', items)
        when 'provider_failing' then concat('Calls to ', scope, ' fail, jobs stuck there: ', jobs)
        when 'kind_failing' then concat('Work of the kind ', scope, ' fails more often than not')
        when 'error_repeated' then concat('Given up with one error, items: ', items, ': ', scope)
        when 'queue_lagging' then concat('The queue ', scope, ' is not emptied in time, jobs waiting: ', jobs)
        when 'job' then concat('The job ', scope, ' keeps others waiting, jobs stuck: ', jobs)
        else concat({{ stuck_jobs.stuck_phrase('first_point') }}, ' (' || nullif(cause, 'unknown') || ')', ': ', naming_items)
    end as title,
    evidence,
    case
        when kind = 'job' and scope ~ '^[[:alnum:]_.:/@][[:alnum:]_.:/@-]*$' then concat('stuck-jobs why ', scope)
        when remedy = 'none' or kind = 'queue_lagging' then concat('docs/points/', first_point, '.md')
        when remedy = 'requeue' then 'stuck-jobs requeue'
        else concat('stuck-jobs recover --point ', first_point)
    end as first_step
from led
{%- endmacro %}
