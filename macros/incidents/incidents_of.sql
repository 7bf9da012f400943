{% macro incidents_of(item_faults) -%}
with registry (accumulation_point, level, max_count, severity, remedy, evidence) as (
    {{ stuck_jobs.registry_values() }}
),

-- a single key, of which the planner expects few and need not sort the items; the least of the arrays is of the item
-- that leads
folded as materialized (
    select
        fold,
        min(stuck_since) as started_at,
        count(*) as items,
        count(jobspec_id) as jobs,
        count(*) filter (where names_fault) as naming_items,
        min(first_item) as first_item
    from (
        select
            stuck_since,
            jobspec_id,
            names_fault,
            array[kind, scope, accumulation_point, scattered_job] as fold,
            array[
                case when names_fault then 'named' else 'shared' end,
                {{ stuck_jobs.sortable('stuck_since') }},
                accumulation_point,
                entity_id,
                cause,
                evidence
            ] as first_item
        from {{ item_faults }}
        offset 0
    ) as keyed
    group by fold
),

grouped as (
    select
        folded.fold[1] as kind,
        folded.fold[2] as scope,
        min(folded.started_at) as started_at,
        case when bool_or(registry.severity = 'error') then 'error' else 'warn' end as severity,
        array_agg(distinct folded.fold[3]) as points,
        sum(folded.items)::bigint as items,
        coalesce(sum(folded.jobs) filter (where folded.fold[4] is null), 0)::bigint
        + count(distinct folded.fold[4]) as jobs,
        sum(folded.naming_items)::bigint as naming_items,
        min(folded.first_item) as first_item
    from folded
    inner join registry on folded.fold[3] = registry.accumulation_point
    group by folded.fold[1], folded.fold[2]
),

led as (
    select
        grouped.*,
        grouped.first_item[3] as first_point,
        grouped.first_item[5] as cause,
        grouped.first_item[6] as evidence,
        registry.remedy
    from grouped
    inner join registry on grouped.first_item[3] = registry.accumulation_point
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
                ', jobs lost: ', jobs
            )
        when 'queue_unserved' then concat('Nobody serves the queue ', scope, ', jobs waiting: ', jobs)
        when 'conductor_dead' then concat('The ', scope, ' is silent, items: ', items)
        when 'redis_untrusted' then concat('What Redis shows is no proof, items: ', items)
        when 'provider_failing' then concat('Calls to ', scope, ' fail, jobs stuck there: ', jobs)
        when 'kind_failing' then concat('Work of the kind ', scope, ' fails more often than not')
        when 'error_repeated' then concat('Given up with one error, items: ', items, ': ', scope)
        when 'job' then concat('The job ', scope, ' keeps others waiting, jobs stuck: ', jobs)
        else concat({{ stuck_jobs.stuck_phrase('first_point') }}, ' (' || nullif(cause, 'unknown') || ')', ': ', naming_items)
    end as title,
    evidence,
    case
        when kind = 'job' and scope ~ '^[[:alnum:]_.:/@-]+$' then concat('stuck-jobs why ', scope)
        when remedy = 'none' then concat('docs/points/', first_point, '.md')
        when remedy = 'requeue' then 'stuck-jobs requeue'
        else concat('stuck-jobs recover --point ', first_point)
    end as first_step
from led
{%- endmacro %}
