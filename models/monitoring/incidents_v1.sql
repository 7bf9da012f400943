-- What broke: stuck items that share one fault are one incident, with what it has reached and what to do first.
with item_faults as (
    select * from {{ ref('int_item_faults') }}
),

registry (accumulation_point, level, max_count, severity, remedy, evidence) as (
    {{ registry_values() }}
),

grouped as (
    select
        item_faults.kind,
        item_faults.scope,
        min(item_faults.stuck_since) as started_at,
        case when bool_or(registry.severity = 'error') then 'error' else 'warn' end as severity,
        array_agg(distinct item_faults.accumulation_point) as points,
        count(*) as items,
        count(distinct item_faults.jobspec_id) as jobs,
        count(*) filter (where item_faults.names_fault) as naming_items,
        (array_agg(
            item_faults.evidence
            order by item_faults.names_fault desc, item_faults.stuck_since asc, item_faults.entity_id asc
        ))[1] as evidence,
        (array_agg(
            item_faults.accumulation_point
            order by item_faults.names_fault desc, item_faults.stuck_since asc, item_faults.accumulation_point asc
        ))[1] as first_point,
        (array_agg(
            item_faults.cause
            order by item_faults.names_fault desc, item_faults.stuck_since asc, item_faults.accumulation_point asc
        ))[1] as cause,
        (array_agg(
            registry.remedy
            order by item_faults.names_fault desc, item_faults.stuck_since asc, item_faults.accumulation_point asc
        ))[1] as remedy
    from item_faults
    inner join registry on item_faults.accumulation_point = registry.accumulation_point
    group by item_faults.kind, item_faults.scope
)

select
    {{ incident_id('kind', 'scope') }} as incident_id,
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
        else concat({{ stuck_phrase('first_point') }}, ' (' || nullif(cause, 'unknown') || ')', ': ', naming_items)
    end as title,
    evidence,
    case
        when kind = 'job' and scope ~ '^[[:alnum:]_.:/@-]+$' then concat('stuck-jobs why ', scope)
        when remedy = 'none' then concat('docs/points/', first_point, '.md')
        when remedy = 'requeue' then 'stuck-jobs requeue'
        else concat('stuck-jobs recover --point ', first_point)
    end as first_step
from grouped
