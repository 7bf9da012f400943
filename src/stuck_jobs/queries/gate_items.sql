-- The oldest items of the points that are over their limit.
with ranked as (
    select
        accumulation_point,
        entity_type,
        entity_id,
        jobspec_id,
        status,
        age_seconds,
        cause,
        queue_name,
        job_kind,
        left(evidence, 500) as evidence,
        row_number() over (partition by accumulation_point order by age_seconds desc nulls last, entity_id) as place
    from {schema}.stuck_items
    where accumulation_point = any(%(points)s)
)

select
    accumulation_point,
    entity_type,
    entity_id,
    jobspec_id,
    status,
    age_seconds,
    cause,
    queue_name,
    job_kind,
    evidence
from ranked
where place <= %(most)s
order by accumulation_point, place
