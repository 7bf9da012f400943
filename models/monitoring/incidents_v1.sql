-- What broke: stuck items that share one fault are one incident, with what it has reached and what to do first.
-- Materialized, for all of them are read again to find those that tell of each.
with item_faults as materialized (
    select
        kind,
        scope,
        names_fault,
        accumulation_point,
        entity_id,
        jobspec_id,
        scattered_job,
        stuck_since,
        cause,
        evidence
    from {{ ref('int_item_faults') }}
),

incidents as (
    {{ incidents_of('item_faults') | indent(4) }}
)

select * from incidents
